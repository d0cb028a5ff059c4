// A mailbox whose devices reach their server through a relay that loses what it is told to.
#ifndef LABYRINTH_TESTS_FAULT_RELAYED_SCENE_H_
#define LABYRINTH_TESTS_FAULT_RELAYED_SCENE_H_

#include <memory>
#include <string>

#include "service/server/testing/api_scene.h"
#include "service/server/testing/live_server.h"
#include "tests/malicious/lying_relay.h"

namespace labyrinth::fault {

using malicious::LyingRelay;

struct RunningServer {
  explicit RunningServer(const std::string& name)
      : live(service::testing::DevConfig(service::testing::FreshDir(name))) {
    live.Start();
  }
  service::testing::LiveServer live;
};

// The server as it is reached through the relay.
struct RelayedServer : service::testing::ApiServer {
  explicit RelayedServer(service::testing::LiveServer& to) : live(to), relay(to.endpoint()) {}

  std::shared_ptr<grpc::Channel> Channel() const override {
    return grpc::CreateChannel(relay.endpoint(), grpc::InsecureChannelCredentials());
  }
  std::string Token(const std::string& account) const override { return live.Token(account); }
  std::string server_name() const override { return live.server_name(); }
  RandomSource& random() override { return live.random(); }

  service::testing::LiveServer& live;
  LyingRelay relay;
};

struct RelayedScene : RelayedServer, service::testing::ApiScene {
  RelayedScene(service::testing::LiveServer& live, const std::string& account)
      : RelayedServer(live), ApiScene(static_cast<RelayedServer&>(*this), account) {}

  // Past the relay.
  service::testing::ApiCaller Directly() const { return {live.Channel(), "", session}; }
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_RELAYED_SCENE_H_
