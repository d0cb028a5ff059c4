#include "tests/fault/kill_run.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "common/rpc_status.h"
#include "crypto/primitives/seeded_random.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/config/server_config.h"
#include "service/server/environment.h"
#include "service/server/testing/api_device.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/fault/ledger.h"
#include "tests/fault/shadow_engine.h"
#include "tools/demo/server_process.h"

namespace labyrinth::fault {
namespace {

using demo::ServerProcess;
using service::testing::ApiDevice;

constexpr int kRoundsOfAStore = 10;
constexpr int kMailboxes = 2;
constexpr int kClientsOfAMailbox = 3;
constexpr std::size_t kMailboxNameBytes = 32;

// One that finds the server again at once.
std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

void Authorize(grpc::ClientContext& context, const std::string& session) {
  service::testing::Authorize(context, "", session);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
}

struct Mailbox {
  explicit Mailbox(std::string name) : account(std::move(name)) {}
  const std::string account;
  std::unique_ptr<ApiDevice> device;
  Ledger ledger;
  Contents found;  // when somebody last looked behind the server's back
};

mailbox::SaveOutcome ToOutcome(v1::SaveOutcome outcome) {
  switch (outcome) {
    case v1::SAVE_OUTCOME_CREATED:
      return mailbox::SaveOutcome::kCreated;
    case v1::SAVE_OUTCOME_REPLACED:
      return mailbox::SaveOutcome::kReplaced;
    case v1::SAVE_OUTCOME_UNCHANGED:
      return mailbox::SaveOutcome::kUnchanged;
    case v1::SAVE_OUTCOME_KEPT_EXISTING:
      return mailbox::SaveOutcome::kKeptExisting;
    default:
      return mailbox::SaveOutcome::kWasDeleted;
  }
}

// One thread's calls for one mailbox.
class Client {
 public:
  Client(uint64_t seed, std::string name, Mailbox& mailbox, std::string session, const std::string& endpoint)
      : random_(seed),
        name_(std::move(name)),
        mailbox_(mailbox),
        session_(std::move(session)),
        stub_(v1::HistoryService::NewStub(Connect(endpoint))) {}

  void Run() {
    while (serves_) Below(8) == 0 ? Delete() : Save();
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // An error that says nothing comes from the wire: the server is gone, or going.
  void Failed(Ledger::Call call, const grpc::Status& status) {
    const auto reason = ReasonOf(FromGrpc(status));
    if (reason.has_value() && reason != Reason::kOutcomeUnknown && reason != Reason::kDraining) {
      return mailbox_.ledger.Refused(call);
    }
    mailbox_.ledger.Unknown(call);
    serves_ = false;
  }

  void Save() {
    const std::size_t count = Below(12) == 0 ? 100 : 1 + Below(4);
    std::map<std::string, Content> contents;
    while (contents.size() < count) {
      if (!recent_.empty() && Below(4) == 0) {
        auto [id, content] = recent_[Below(recent_.size())];
        if (Below(2) == 0) content.ciphertext = RandomBytes(44 + Below(100));
        if (!contents.emplace(id, content).second) continue;
      } else {
        const std::size_t size = count < 100 && Below(30) == 0 ? 1024 * (1 + Below(200)) : 44 + Below(1500);
        const Content content{fmt::format("t{}", Below(5)), static_cast<int64_t>(Below(1000)), RandomBytes(size), 0};
        recent_.emplace_back(fmt::format("{}.{}", name_, next_id_++), content);
        contents.insert(recent_.back());
      }
    }
    v1::SaveMessagesRequest request;
    request.set_epoch_id(mailbox_.device->epoch_id.value());
    request.set_cipher_version(3);
    request.set_on_conflict(Below(3) == 0 ? v1::ON_CONFLICT_KEEP_EXISTING : v1::ON_CONFLICT_REPLACE);
    for (const auto& [id, content] : contents) {
      v1::Message& message = *request.add_messages();
      message.set_message_id(id);
      message.set_thread_id(content.thread_id);
      message.set_timestamp_ms(content.timestamp_ms);
      message.set_ciphertext(content.ciphertext);
    }
    const Ledger::Call call = mailbox_.ledger.BeginSave(std::move(contents));
    grpc::ClientContext context;
    Authorize(context, session_);
    v1::SaveMessagesResponse response;
    const grpc::Status status = stub_->SaveMessages(&context, request, &response);
    if (!status.ok()) return Failed(call, status);
    std::vector<mailbox::SaveOutcome> outcomes;
    for (const v1::SaveResult& result : response.results()) outcomes.push_back(ToOutcome(result.outcome()));
    mailbox_.ledger.Saved(call, outcomes);
  }

  void Delete() {
    if (recent_.empty()) return;
    std::vector<std::string> ids = {recent_[Below(recent_.size())].first};
    v1::DeleteMessagesRequest request;
    request.add_message_ids(ids[0]);
    const Ledger::Call call = mailbox_.ledger.BeginDelete(std::move(ids));
    grpc::ClientContext context;
    Authorize(context, session_);
    v1::DeleteMessagesResponse response;
    const grpc::Status status = stub_->DeleteMessages(&context, request, &response);
    if (!status.ok()) return Failed(call, status);
    mailbox_.ledger.Deleted(call);
  }

  std::string RandomBytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  std::mt19937_64 random_;
  const std::string name_;
  Mailbox& mailbox_;
  const std::string session_;
  const std::unique_ptr<v1::HistoryService::Stub> stub_;
  std::vector<std::pair<std::string, Content>> recent_;
  uint64_t next_id_ = 0;
  bool serves_ = true;
};

class Kills {
 public:
  Kills(uint64_t seed, const KillOptions& options, Tally& tally)
      : random_(seed), seeded_(seed), options_(options), tally_(tally) {
    std::filesystem::create_directories(dir_.path());
    for (int i = 0; i < kMailboxes; ++i) mailboxes_.emplace_back(fmt::format("account-{}", i));
  }

  void Round() {
    Start();
    for (Mailbox& mailbox : mailboxes_) CheckByApi(mailbox, SignIn(mailbox));
    if (!tally_.clean()) return;
    std::vector<std::thread> threads;
    for (Mailbox& mailbox : mailboxes_) {
      const std::string session = SignIn(mailbox);
      for (int i = 0; i < kClientsOfAMailbox; ++i) {
        auto client = std::make_shared<Client>(random_(), fmt::format("{}.{}", tally_.rounds, i), mailbox, session,
                                               server_->endpoint());
        threads.emplace_back([client] { client->Run(); });
      }
    }
    // How long it lives: what this waits for is the kill's own moment.
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_() % 250));
    if (random_() % 8 == 0) {
      const absl::Status stopped = server_->Stop();
      if (!stopped.ok()) tally_.Find(Fault::kOther, fmt::format("a drain: {}", stopped.ToString()));
    } else {
      server_->Kill();
    }
    for (std::thread& thread : threads) thread.join();
    Look();
    ++tally_.rounds;
  }

 private:
  void Start() {
    ServerProcess::Options options{options_.server, dir_.path() + "/data", dir_.path() + "/log", dir_.path() + "/port"};
    if (server_ != nullptr) options.port = server_->port();
    auto started = ServerProcess::Start(options);
    INFO(started.status().ToString());
    REQUIRE(started.ok());
    server_ = *std::move(started);
    if (channel_ == nullptr) channel_ = Connect(server_->endpoint());
  }

  std::string Token(const Mailbox& mailbox) {
    dev::v1::IssueTokenRequest request;
    dev::v1::IssueTokenResponse response;
    request.set_account(mailbox.account);
    const auto stub = dev::v1::DevIssuerService::NewStub(channel_);
    grpc::Status status;
    // The channel may only now notice that the server before this one is gone.
    for (int attempt = 0; attempt < 5; ++attempt) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
      status = stub->IssueToken(&context, request, &response);
      if (status.ok()) return response.token();
    }
    INFO(status.error_message());
    REQUIRE(status.ok());
    return "";
  }

  std::string SignIn(Mailbox& mailbox) {
    const std::string token = Token(mailbox);
    if (mailbox.device == nullptr) {
      mailbox.device =
          std::make_unique<ApiDevice>(channel_, std::string(service::kDevServerName), mailbox.account, token, seeded_);
      mailbox.device->CreateMailbox();
      mailbox.ledger.DeviceAdded(mailbox.device->device_id.value());
    }
    mailbox.device->token = token;
    return mailbox.device->SignIn();
  }

  // What the server, which has recovered by itself, serves is what was there.
  void CheckByApi(Mailbox& mailbox, const std::string& session) {
    const auto stub = v1::HistoryService::NewStub(channel_);
    Contents served;
    v1::ListMessagesRequest request;
    request.set_page_size(500);
    do {
      grpc::ClientContext context;
      Authorize(context, session);
      v1::ListMessagesResponse response;
      const grpc::Status status = stub->ListMessages(&context, request, &response);
      INFO(status.error_message());
      REQUIRE(status.ok());
      for (const v1::Message& message : response.messages()) {
        served.emplace(message.message_id(),
                       Content{message.thread_id(), message.timestamp_ms(), message.ciphertext(), message.expire_ms()});
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    if (served == mailbox.found) return;
    tally_.Find(Fault::kOther,
                fmt::format("{} messages are served, {} were stored", served.size(), mailbox.found.size()));
  }

  // Behind the server's back.
  void Look() {
    const storage::TempDir copy = storage::CopyOf(service::StorePath(dir_.path() + "/data"));
    if (options_.lose_log) {
      for (const std::string& file : storage::FilesOf(copy.path(), ".log")) {
        std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
      }
    }
    auto opened = storage::RocksdbEngine::Open(copy.path(), storage::TestOptions());
    if (!opened.ok()) {
      return tally_.Find(Fault::kOther, fmt::format("refused after a kill: {}", opened.status().ToString()));
    }
    int seen = 0;
    std::vector<storage::PartitionEntry> partitions;
    (*opened)->ListPartitions("", SIZE_MAX, [&](auto result) { partitions = *std::move(result); });
    for (const storage::PartitionEntry& entry : partitions) {
      if (entry.partition.size() != kMailboxNameBytes) continue;  // the server's own
      auto partition = ReadPartition(**opened, entry.partition);
      if (!partition.ok()) {
        tally_.Find(Fault::kOther, partition.status().ToString());
        continue;
      }
      const StoredMailbox stored = ReadRows(partition->rows);
      for (Mailbox& mailbox : mailboxes_) {
        if (!stored.active.contains(mailbox.device->device_id.value())) continue;
        mailbox.ledger.Judge(stored, 0, tally_);
        mailbox.found = stored.messages;
        ++seen;
      }
    }
    if (seen != kMailboxes) tally_.Find(Fault::kLost, fmt::format("{} of {} mailboxes are there", seen, kMailboxes));
  }

  std::mt19937_64 random_;
  crypto::SeededRandom seeded_;
  const KillOptions& options_;
  Tally& tally_;
  const storage::TempDir dir_;
  std::unique_ptr<ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::list<Mailbox> mailboxes_;
};

}  // namespace

Tally RunKills(uint64_t seed, uint64_t rounds, const KillOptions& options) {
  Tally tally;
  for (uint64_t life = 0; tally.rounds < rounds && tally.clean(); ++life) {
    Kills kills(seed + life, options, tally);
    for (int round = 0; round < kRoundsOfAStore && tally.rounds < rounds && tally.clean(); ++round) kills.Round();
  }
  return tally;
}

}  // namespace labyrinth::fault
