#include "client/client.h"

#include <utility>

#include "client/channel.h"
#include "client/connection.h"
#include "client/core.h"
#include "client/keychain.h"
#include "common/limits.h"
#include "crypto/primitives/system_random.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::client {
namespace {

absl::Status CheckNames(const ClientOptions& options) {
  if (options.server_name.empty()) return absl::InvalidArgumentError("server_name: required");
  if (options.account_id.empty()) return absl::InvalidArgumentError("account_id: required");
  if (options.account_id.size() > limits::kAccountIdBytes ||
      options.server_name.size() + options.account_id.size() > limits::kLogEntryBytes - crypto::kLogEntryFixedBytes) {
    return absl::InvalidArgumentError("server_name and account_id: together too long for a log entry");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<AccountTokenSource>> Tokens(const ClientOptions& options,
                                                           std::shared_ptr<grpc::Channel> channel) {
  if (!options.use_dev_issuer) {
    if (options.tokens == nullptr) return absl::InvalidArgumentError("tokens: required");
    return options.tokens;
  }
  if (options.tokens != nullptr) return absl::InvalidArgumentError("tokens: not together with use_dev_issuer");
  if (!options.endpoint.empty() && !IsLoopback(options.endpoint)) {
    return absl::InvalidArgumentError("use_dev_issuer: for loopback only");
  }
  return std::shared_ptr<AccountTokenSource>(TokenFromDevIssuer(std::move(channel), options.account_id));
}

}  // namespace

// In the order of construction: each borrows from those before it.
struct LabyrinthClient::Parts {
  SystemClock system_clock;
  crypto::SystemRandom system_random;
  ThreadSleeper thread_sleeper;
  std::unique_ptr<Keychain> keychain;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Core> core;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<Devices> devices;
  std::unique_ptr<Recovery> recovery;
  std::unique_ptr<OneTimeCodes> one_time_codes;
  std::unique_ptr<History> history;
  std::unique_ptr<Attachments> attachments;
  std::string profile_dir;
};

LabyrinthClient::LabyrinthClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LabyrinthClient::~LabyrinthClient() = default;

absl::StatusOr<std::unique_ptr<LabyrinthClient>> LabyrinthClient::Open(const std::string& profile_dir,
                                                                       ClientOptions options) {
  if (absl::Status s = CheckNames(options); !s.ok()) return s;
  if (options.channel == nullptr) {
    auto channel = OpenChannel(options.endpoint, options.ca_file);
    if (!channel.ok()) return channel.status();
    options.channel = *std::move(channel);
  }
  auto tokens = Tokens(options, options.channel);
  if (!tokens.ok()) return tokens.status();
  auto keychain = Keychain::Open(profile_dir, options.server_name, options.account_id);
  if (!keychain.ok()) return keychain.status();

  auto parts = std::make_unique<Parts>();
  Clock& clock = options.clock != nullptr ? *options.clock : parts->system_clock;
  RandomSource& random = options.random != nullptr ? *options.random : parts->system_random;
  Sleeper& sleeper = options.sleeper != nullptr ? *options.sleeper : parts->thread_sleeper;
  parts->keychain = *std::move(keychain);
  parts->connection =
      std::make_unique<Connection>(options.channel, *std::move(tokens), options.retry, clock, random, sleeper);
  parts->core = std::make_unique<Core>(*parts->keychain, *parts->connection, options.rotation);
  parts->mailbox = std::make_unique<Mailbox>(*parts->core);
  parts->devices = std::make_unique<Devices>(*parts->core);
  parts->recovery = std::make_unique<Recovery>(*parts->core);
  parts->one_time_codes = std::make_unique<OneTimeCodes>(*parts->core);
  parts->history = std::make_unique<History>(*parts->core);
  parts->attachments = std::make_unique<Attachments>(*parts->core, *parts->history, profile_dir + "/attachments");
  parts->profile_dir = profile_dir;
  return std::unique_ptr<LabyrinthClient>(new LabyrinthClient(std::move(parts)));
}

bool LabyrinthClient::HasDevice() const { return parts_->core->HasDevice(); }

Mailbox& LabyrinthClient::mailbox() { return *parts_->mailbox; }
Devices& LabyrinthClient::devices() { return *parts_->devices; }
Recovery& LabyrinthClient::recovery() { return *parts_->recovery; }
OneTimeCodes& LabyrinthClient::one_time_codes() { return *parts_->one_time_codes; }
History& LabyrinthClient::history() { return *parts_->history; }
Attachments& LabyrinthClient::attachments() { return *parts_->attachments; }
Core& LabyrinthClient::core() { return *parts_->core; }
const std::string& LabyrinthClient::profile_dir() const { return parts_->profile_dir; }

absl::StatusOr<RestoreReport> LabyrinthClient::AcceptRestore() { return client::AcceptRestore(*parts_->core); }

absl::StatusOr<VerifyReport> LabyrinthClient::Verify(absl::FunctionRef<void(const VerifyProgress&)> progress) {
  return VerifyMailbox(*parts_->core, progress);
}

absl::StatusOr<VerifyReport> LabyrinthClient::Verify() {
  return Verify([](const VerifyProgress&) {});
}

}  // namespace labyrinth::client
