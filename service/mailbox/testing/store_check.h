// The operator's check (service/check), for tests that hold a mailbox's rows.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_

#include <map>
#include <string>
#include <vector>

namespace labyrinth::mailbox::testing {

// One line per contradiction between the rows of a partition; empty for a sound one, or one without a mailbox.
std::vector<std::string> CheckStore(const std::map<std::string, std::string>& rows);

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_STORE_CHECK_H_
