// The table of lies: what the server says, and what the client library must answer.
#ifndef LABYRINTH_TESTS_MALICIOUS_CASES_H_
#define LABYRINTH_TESTS_MALICIOUS_CASES_H_

#include <string>
#include <vector>

#include "tests/malicious/scene.h"
#include "tests/malicious/verdict.h"

namespace labyrinth::malicious {

struct Case {
  std::string name;
  std::string lie;   // what the server does
  Verdict expected;  // how and what the library must say
  std::string why;   // why it says nothing, where that is expected
  // Honest steps, the lie, and what the library said. The same steps without the lie must give NotDetected.
  Verdict (*play)(Scene& scene);
};

// By the protocol's sections, a file each.
std::vector<Case> MembershipCases();  // 8: who belongs to the mailbox
std::vector<Case> LogCases();         // 8: the log itself, and the disk behind it
std::vector<Case> EpochCases();       // 3
std::vector<Case> RecoveryCases();    // 4
std::vector<Case> MessageCases();     // 6: one row
std::vector<Case> WalkCases();        // 6: rows, pages and counters
std::vector<Case> SessionCases();     // 9

}  // namespace labyrinth::malicious

#endif  // LABYRINTH_TESTS_MALICIOUS_CASES_H_
