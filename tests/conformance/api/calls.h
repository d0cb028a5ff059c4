// Every call of the API, with a request that its server would accept but for who asks.
#ifndef LABYRINTH_TESTS_CONFORMANCE_API_CALLS_H_
#define LABYRINTH_TESTS_CONFORMANCE_API_CALLS_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {

enum class Needs {
  kToken,
  kSession,         // of a physical device
  kAnySession,      // of a virtual one as well
  kSessionOrToken,  // depends on the request; listed once for each
  kTicket,
};

struct Call {
  std::string name;  // as in the .proto file
  Needs needs;
  std::function<grpc::Status(const ApiCaller&)> ask;  // a stream: to its end
};

// In `f`'s mailbox, on behalf of its first device, as things stand; none is made yet. Each entry's `ask` may be called
// again and again: what would change something is a repeat then, or is refused.
std::vector<Call> EveryCall(const Scene& f);

}  // namespace labyrinth::conformance

#endif  // LABYRINTH_TESTS_CONFORMANCE_API_CALLS_H_
