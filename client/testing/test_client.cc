#include "client/testing/test_client.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace labyrinth::client::testing {
namespace {

// Tests can't go on without these.
void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void Copy(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  fs::copy(from, to, fs::copy_options::recursive);
  fs::permissions(to, fs::perms::owner_all);
}

}  // namespace

TestClient::TestClient(FakeServer& server, uint64_t seed, const std::string& copy_of, const std::string& account)
    : server_(server), account_(account), random_(seed) {
  if (!copy_of.empty()) Copy(copy_of, profile());
  Open();
}

void TestClient::CopyProfile(const std::string& to) const { Copy(profile(), to); }

ClientOptions TestClient::Options() {
  ClientOptions options;
  options.server_name = kServerName;
  options.account_id = account_;
  options.tokens =
      TokenFromCallback([](bool) -> absl::StatusOr<crypto::Secret> { return crypto::Secret::CopyOf("token"); });
  options.rotation = rotation;
  options.clock = &clock;
  options.random = &random_;
  options.sleeper = &sleeper;
  options.channel = server_.Channel();
  return options;
}

void TestClient::Open() {
  client_.reset();
  auto client = LabyrinthClient::Open(profile(), Options());
  Require(client.ok(), "LabyrinthClient::Open");
  client_ = *std::move(client);
}

NewMessage Text(const std::string& thread, const std::string& id, int64_t timestamp_ms, const std::string& content) {
  return {.thread_id = thread, .message_id = id, .timestamp_ms = timestamp_ms, .expire_ms = 0, .content = content};
}

}  // namespace labyrinth::client::testing
