// What the cases are run against: a server in the test's own process, or a deployment somewhere.
#ifndef LABYRINTH_TESTS_CONFORMANCE_API_UNDER_TEST_H_
#define LABYRINTH_TESTS_CONFORMANCE_API_UNDER_TEST_H_

#include <cstdint>

#include "service/server/testing/api_server.h"

namespace labyrinth::conformance {

// What only a server in the test's own process can be made to do. Thread-compatible.
class Hands {
 public:
  virtual ~Hands() = default;
  // The server's clock goes on from there. Sessions and tokens end by it.
  virtual void Advance(int64_t ms) = 0;
  // Its streams end with DRAINING; it comes back elsewhere.
  virtual void Stop() = 0;
  virtual void Start() = 0;
};

struct UnderTest {
  service::testing::ApiServer& server;
  Hands* hands;  // null: a deployment, whose clock and process are its own
};

// Runs the cases that Catch2's arguments name, or all; then, if that were all, judges what they met (coverage.h).
// Returns the process's exit code. Once in a process: Catch2 has no way to hand `under_test` to a case but a variable.
int RunConformance(UnderTest under_test, int argc, char** argv);

// What RunConformance was given.
const UnderTest& Deployment();

// The deployment's hands; without any, null, and a line that says what was not tested. A case then ends with what it
// has checked so far.
Hands* HandsFor(const char* what);

}  // namespace labyrinth::conformance

#endif  // LABYRINTH_TESTS_CONFORMANCE_API_UNDER_TEST_H_
