#include "tools/demo/story.h"

#include <fmt/format.h>

#include "crypto/statements/codec.h"

namespace labyrinth::demo {

ServerProcess::Options Story::ServerOptions() const {
  return {.binary = server_binary,
          .data_dir = data_dir(),
          .log_file = log_file(),
          .port_file = folder + "/port",
          .port = server == nullptr ? 0 : server->port()};
}

client::ClientOptions Story::ClientOptions() const {
  client::ClientOptions options;
  options.endpoint = server->endpoint();
  options.server_name = "labyrinth.dev";
  options.account_id = kAccount;
  options.use_dev_issuer = true;
  return options;
}

absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> Story::OpenDevice(const std::string& device) const {
  return client::LabyrinthClient::Open(ProfileOf(device), ClientOptions());
}

absl::StatusOr<Reading> ReadEverything(client::LabyrinthClient& device) {
  Reading reading;
  std::string hashed;
  auto walk = device.history().ListMessages({.oldest_first = true, .page_size = 500});
  while (!walk.done()) {
    auto page = walk.NextPage();
    if (!page.ok()) return page.status();
    for (const client::HistoryMessage& message : *page) {
      if (message.tampered() != nullptr) {
        return absl::DataLossError(client::Describe(message.tampered()->kind).data());
      }
      if (message.verified() == nullptr) return absl::DataLossError("a message without an envelope");
      ++reading.messages;
      // A running hash: the digest so far, then the message.
      crypto::AppendLv(hashed, message.row().thread_id);
      crypto::AppendLv(hashed, message.row().message_id);
      crypto::AppendI64(hashed, message.row().timestamp_ms);
      crypto::AppendLv(hashed, message.verified()->content);
      hashed = crypto::Sha256(hashed).str();
    }
  }
  reading.hash = crypto::Sha256(hashed);
  return reading;
}

}  // namespace labyrinth::demo
