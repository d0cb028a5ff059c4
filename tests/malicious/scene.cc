#include "tests/malicious/scene.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <utility>

#include "service/config/server_config.h"

namespace labyrinth::malicious {
namespace {

// Seeds of devices stand this far apart.
constexpr uint64_t kDevicesOfAScene = 100;

void RequireOk(const absl::Status& status) {
  INFO("an honest step: " << std::string(status.message()));
  REQUIRE(status.ok());
}

}  // namespace

Device::Device(e2e::TestServer& server, const LyingRelay& relay, std::string account, uint64_t seed)
    : server_(server), relay_(relay), account_(std::move(account)), random_(seed) {
  Restart();
}

void Device::Restart() {
  client_.reset();
  client::ClientOptions options;
  options.endpoint = relay_.endpoint();
  options.server_name = std::string(service::kDevServerName);
  options.account_id = account_;
  options.use_dev_issuer = true;
  options.clock = &server_.clock;
  options.random = &random_;
  options.sleeper = &sleeper_;
  auto client = client::LabyrinthClient::Open(profile(), options);
  RequireOk(client.status());
  client_ = *std::move(client);
}

Scene::Scene(e2e::TestServer& server, std::string account, uint64_t seed, bool lying)
    : server_(server),
      account_(std::move(account)),
      seed_(seed * kDevicesOfAScene),
      lying_(lying),
      random_(seed_),
      relay_(server.endpoint()) {
  laptop_ = NewDevice(account_);
  RequireOk((*laptop_)->mailbox().Create());
}

std::unique_ptr<Device> Scene::NewDevice(const std::string& account) {
  return std::make_unique<Device>(server_, relay_, account, seed_ + ++devices_);
}

std::unique_ptr<Device> Scene::Blank() { return NewDevice(account_); }

std::unique_ptr<Device> Scene::Phone() {
  auto phone = Blank();
  RequireOk((*phone)->recovery().Join(MakeCode()).status());
  return phone;
}

std::unique_ptr<Device> Scene::Stranger() {
  auto stranger = NewDevice("stranger-to-" + account_);
  RequireOk((*stranger)->mailbox().Create());
  return stranger;
}

crypto::Secret Scene::MakeCode() {
  auto code = (*laptop_)->recovery().CreateCode();
  RequireOk(code.status());
  return std::move(code->code);
}

void Scene::Rotate(Device& device) { RequireOk(device->devices().Rotate().status()); }

void Scene::Revoke(DeviceId id) { RequireOk(laptop()->devices().Revoke(id).status()); }

void Scene::Save(Device& device, const std::string& thread, const std::string& id, const std::string& content,
                 client::OnConflict on_conflict) {
  // Ids sort as their times: "m3" is of the fourth millisecond.
  const client::NewMessage message{.thread_id = thread,
                                   .message_id = id,
                                   .timestamp_ms = e2e::kStartMs + static_cast<unsigned char>(id.back()),
                                   .expire_ms = 0,
                                   .content = content};
  RequireOk(device->history().Save({message}, {.on_conflict = on_conflict, .may_rotate = true}).status());
}

DeviceId Scene::IdOf(Device& device) {
  const auto devices = device->devices().List();
  RequireOk(devices.status());
  for (const client::DeviceView& view : *devices) {
    if (view.this_device) return view.device_id;
  }
  FAIL("the device isn't listed");
  return {};
}

void Scene::KeepDisk() {
  server_.Stop();
  std::filesystem::copy(server_.data_dir(), kept_.path("disk"), std::filesystem::copy_options::recursive);
  server_.Start();
  ComeBack();
}

void Scene::StartFromKept(e2e::TestServer& server) const {
  server.Stop();
  std::filesystem::remove_all(server.data_dir());
  std::filesystem::copy(kept_.path("disk"), server.data_dir(), std::filesystem::copy_options::recursive);
  server.Start();
}

void Scene::PutBackDisk() {
  if (!lying_) return;
  StartFromKept(server_);
  relay_.MoveTo(server_.endpoint());
}

std::string Scene::ForkEndpoint() {
  if (fork_ == nullptr) {
    fork_ = std::make_unique<e2e::TestServer>();
    StartFromKept(*fork_);
  }
  return fork_->endpoint();
}

void Scene::GoToFork() {
  if (lying_) relay_.MoveTo(ForkEndpoint());
}

Verdict Scene::Read(Device& device, client::MessageQuery query) {
  auto reader = device->history().ListMessages(std::move(query));
  while (!reader.done()) {
    const auto page = reader.NextPage();
    if (!page.ok()) return Said(page.status());
    for (const client::HistoryMessage& message : *page) {
      if (const Verdict verdict = Said(message); verdict.detected()) return verdict;
    }
  }
  return NotDetected();
}

}  // namespace labyrinth::malicious
