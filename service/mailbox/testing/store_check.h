// Cross-examines every row of a mailbox's partition: what one row says, the others must say too.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_

#include <map>
#include <string>
#include <vector>

namespace labyrinth::mailbox::testing {

// One line per contradiction; empty for a sound partition, or one without a mailbox. Judges
//  - messages against their locations, the mailbox-wide index and the expiry index;
//  - the feed against messages, tombstones, devices and epochs, and its own upkeep's marks against the feed;
//  - threads and their activity against the messages in them;
//  - the head's counters and wake time against all of that;
//  - the roster against devices, key index, ORF scalars, sealed secrets and the current epoch's members;
//  - the epochs and the signed log, replayed from its first entry, against the head and the roster;
//  - request records against their ages.
std::vector<std::string> CheckStore(const std::map<std::string, std::string>& rows);

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_
