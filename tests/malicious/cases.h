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

std::vector<Case> MembershipCases();

}  // namespace labyrinth::malicious

#endif  // LABYRINTH_TESTS_MALICIOUS_CASES_H_
