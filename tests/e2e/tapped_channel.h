// A client's channel that a test listens in on: what passes can be changed, and the line be cut.
#ifndef LABYRINTH_TESTS_E2E_TAPPED_CHANNEL_H_
#define LABYRINTH_TESTS_E2E_TAPPED_CHANNEL_H_

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace labyrinth::e2e {

// One device's. The functions are set while no call is under way, and called on whatever thread the call is on. Cutting
// is thread-safe.
class Tap {
 public:
  using Listener = std::function<void(const std::string& method, google::protobuf::Message& message)>;

  // Of each message that the client sends, before it leaves, and of each that arrives, before the client sees it: the
  // method's name as in the .proto file ("SendEnrollmentMessage"), and the message, which may be changed.
  Listener on_send;
  Listener on_receive;

  // Asked as a call begins, and after each message that arrives, with how many have: true breaks the line there, and
  // the call ends with UNAVAILABLE, as when a connection dies.
  std::function<bool(const std::string& method, int received)> breaks;

  // From here on nothing passes: every call ends with CANCELLED, which no client repeats.
  void Cut() { cut_ = true; }
  void Mend() { cut_ = false; }
  bool cut() const { return cut_; }

 private:
  std::atomic<bool> cut_ = false;
};

// `tap` outlives the channel's calls. Without TLS.
std::shared_ptr<grpc::Channel> TappedChannel(const std::string& endpoint, Tap& tap);

}  // namespace labyrinth::e2e

#endif  // LABYRINTH_TESTS_E2E_TAPPED_CHANNEL_H_
