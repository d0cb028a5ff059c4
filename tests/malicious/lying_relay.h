// A gRPC relay between clients and an honest server that can be told to lie, or to lose what passes.
#ifndef LABYRINTH_TESTS_MALICIOUS_LYING_RELAY_H_
#define LABYRINTH_TESTS_MALICIOUS_LYING_RELAY_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::malicious {

// Passes every call on, whatever its service, and its replies back; what lies it tells is up to the case. It has no key
// of anybody and makes nothing up by itself, as a dishonest operator wouldn't have either. Methods are named as in the
// .proto files: "ListLog".
//
// Thread-safe. A lie runs on a thread of gRPC's, and may be called again before it is replaced: it guards what it
// keeps, unless the case has a single client, which makes one call at a time.
class LyingRelay final : public grpc::CallbackGenericService {
 public:
  // Changes a reply, serialized, before it goes back; of a stream, each message of it. The request is as the client
  // sent it.
  using Lie = std::function<void(const std::string& request, std::string& reply)>;
  struct Exchange {
    std::string request;
    std::string reply;  // as the server gave it
  };

  // Listens on a free loopback port; the test's process ends if it can't.
  explicit LyingRelay(const std::string& upstream);
  ~LyingRelay() override;

  std::string endpoint() const;

  // Replaces the lie about a method.
  void Tell(const std::string& method, Lie lie);
  // Changes what the server is asked, before it is: for replies that it wouldn't give to the client's own request. No
  // lie by itself.
  void Ask(const std::string& method, std::function<void(std::string& request)> change);
  // Sends a method's calls to another server.
  void Divert(const std::string& method, const std::string& upstream);
  // Sends every call that isn't diverted to another server; as a lie, or because the same server moved.
  void MoveTo(const std::string& upstream);
  void Follow(const std::string& upstream);

  // What gets lost on the way. Its client hears UNAVAILABLE, whatever became of the call.
  enum class Loss {
    kRequest,     // never reaches the server
    kReply,       // of a call that the server has carried out
    kConnection,  // as soon as the request is through: the server may or may not carry it out
  };
  // Of a method's next call.
  void LoseNext(const std::string& method, Loss loss);
  // Of a stream's next call: the connection, once so many replies have passed.
  void BreakNext(const std::string& method, int replies);
  // The methods of which a call was lost or broken.
  std::set<std::string> lost() const;

  // How many replies were changed, or came from another server: a case that never lied proves nothing.
  int told() const;

  // Everything that was answered with OK so far, in order.
  std::vector<Exchange> Heard(const std::string& method) const;

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  class Call;
  struct Trouble {
    std::optional<Loss> loss;
    std::optional<int> replies;  // that pass before the connection breaks
  };

  Trouble TakeTrouble(const std::string& method);
  std::shared_ptr<grpc::GenericStub> StubFor(const std::string& method);
  std::string Question(const std::string& method, std::string request);
  std::string Answer(const std::string& method, const std::string& request, std::string reply);

  mutable absl::Mutex mutex_;
  std::shared_ptr<grpc::GenericStub> upstream_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<grpc::GenericStub>> diverted_ ABSL_GUARDED_BY(mutex_);
  bool moved_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Lie> lies_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::function<void(std::string&)>> questions_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<Exchange>> heard_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Trouble> troubles_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> lost_ ABSL_GUARDED_BY(mutex_);
  int told_ ABSL_GUARDED_BY(mutex_) = 0;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace labyrinth::malicious

#endif  // LABYRINTH_TESTS_MALICIOUS_LYING_RELAY_H_
