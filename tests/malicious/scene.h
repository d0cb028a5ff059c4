// A mailbox on a real server, clients of it, and the relay between them.
#ifndef LABYRINTH_TESTS_MALICIOUS_SCENE_H_
#define LABYRINTH_TESTS_MALICIOUS_SCENE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/sleeper.h"
#include "client/testing/temp_dir.h"
#include "crypto/primitives/seeded_random.h"
#include "tests/e2e/test_server.h"
#include "tests/malicious/lying_relay.h"
#include "tests/malicious/verdict.h"

namespace labyrinth::malicious {

// A client whose every call goes through the relay; with a profile of its own. Ends the case if that can't be opened.
class Device {
 public:
  Device(e2e::TestServer& server, const LyingRelay& relay, std::string account, uint64_t seed);

  client::LabyrinthClient* operator->() { return client_.get(); }

  // A new process: it knows no more than the profile keeps.
  void Restart();
  // What the profile keeps is set aside, and put back: a device that slept meanwhile.
  std::string profile() const { return dir_.path("profile"); }

 private:
  // Takes no time.
  class NoSleep final : public client::Sleeper {
   public:
    void SleepMs(int64_t) override {}
  };

  e2e::TestServer& server_;
  const LyingRelay& relay_;
  const std::string account_;
  client::testing::TempDir dir_;
  crypto::SeededRandom random_;
  NoSleep sleeper_;
  std::unique_ptr<client::LabyrinthClient> client_;
};

// What a case plays in: an account of its own with a mailbox, made by the laptop. A case is played twice: once lying,
// once as the control, where Tell does nothing. Helpers end the case where honest steps fail. Thread-compatible.
class Scene {
 public:
  Scene(e2e::TestServer& server, std::string account, uint64_t seed, bool lying);

  Device& laptop() { return *laptop_; }
  // A profile that is no device yet.
  std::unique_ptr<Device> Blank();
  // A further device, joined with a recovery code of the laptop's; it opens an epoch of its own.
  std::unique_ptr<Device> Phone();
  // A first device of another account on the same server, mailbox included.
  std::unique_ptr<Device> Stranger();

  crypto::Secret MakeCode();
  void Rotate(Device& device);
  // By the laptop, with a fresh epoch.
  void Revoke(DeviceId id);
  void Save(Device& device, const std::string& thread, const std::string& id, const std::string& content,
            client::OnConflict on_conflict = client::OnConflict::kKeepExisting);
  DeviceId IdOf(Device& device);

  // From here on, replies of this method are changed so.
  template <typename Request, typename Reply>
  void Tell(std::function<void(const Request&, Reply&)> lie) {
    if (!lying_) return;
    relay_.Tell(MethodOf<Reply>(), [lie](const std::string& request_bytes, std::string& reply_bytes) {
      Request request;
      Reply reply;
      request.ParseFromString(request_bytes);
      reply.ParseFromString(reply_bytes);
      lie(request, reply);
      reply_bytes = reply.SerializeAsString();
    });
  }
  template <typename Reply>
  void Tell(std::function<void(Reply&)> lie) {
    if (!lying_) return;
    relay_.Tell(MethodOf<Reply>(), [lie](const std::string&, std::string& bytes) {
      Reply reply;
      reply.ParseFromString(bytes);
      lie(reply);
      bytes = reply.SerializeAsString();
    });
  }
  // From here on, requests of this method reach the server changed so.
  template <typename Request>
  void Ask(std::function<void(Request&)> change) {
    if (!lying_) return;
    const std::string name = Request::descriptor()->name();
    relay_.Ask(name.substr(0, name.size() - std::string_view("Request").size()), [change](std::string& bytes) {
      Request request;
      request.ParseFromString(bytes);
      change(request);
      bytes = request.SerializeAsString();
    });
  }
  // The server's own replies so far.
  template <typename Reply>
  std::vector<Reply> Heard() const {
    std::vector<Reply> replies;
    for (const auto& exchange : relay_.Heard(MethodOf<Reply>())) {
      replies.emplace_back().ParseFromString(exchange.reply);
    }
    return replies;
  }

  // The server's disk: set aside as it is now, and put back, or given to a second server that goes its own way from
  // there. What every device says goes to the real server until PutBackDisk or GoToFork, which do nothing in the
  // control, and again after ComeBack.
  void KeepDisk();
  void PutBackDisk();
  void GoToFork();
  // Where the fork listens; it is made from the kept disk when first asked for.
  std::string ForkEndpoint();
  void ComeBack() { relay_.Follow(server_.endpoint()); }

  // Everything in the history as this device reads it; the first row that is refused, or the error.
  Verdict Read(Device& device, client::MessageQuery query = {});

  bool lying() const { return lying_; }
  int told() const { return relay_.told(); }
  LyingRelay& relay() { return relay_; }
  e2e::TestServer& server() { return server_; }
  RandomSource& random() { return random_; }
  const std::string& account() const { return account_; }

 private:
  // "ListLog" for ListLogResponse.
  template <typename Reply>
  static std::string MethodOf() {
    const std::string name = Reply::descriptor()->name();
    return name.substr(0, name.size() - std::string_view("Response").size());
  }

  std::unique_ptr<Device> NewDevice(const std::string& account);
  void StartFromKept(e2e::TestServer& server) const;

  e2e::TestServer& server_;
  const std::string account_;
  const uint64_t seed_;
  const bool lying_;
  uint64_t devices_ = 0;
  crypto::SeededRandom random_;
  client::testing::TempDir kept_;
  std::unique_ptr<e2e::TestServer> fork_;
  LyingRelay relay_;
  std::unique_ptr<Device> laptop_;
};

}  // namespace labyrinth::malicious

#endif  // LABYRINTH_TESTS_MALICIOUS_SCENE_H_
