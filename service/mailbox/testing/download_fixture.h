// A mailbox whose history is downloaded, and the ways in which the parts may be read.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_DOWNLOAD_FIXTURE_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_DOWNLOAD_FIXTURE_H_

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "service/mailbox/download_reader.h"
#include "service/mailbox/testing/message_ids.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {

inline constexpr std::size_t kLarge = 200 * 1024;  // five of them fit into a part

// When the next part is read: at its turn; ahead of it and before whatever a test does meanwhile; or ahead
// but so late that the part is asked for first.
enum class Reading { kInTurn, kAhead, kLate };

// Each test runs once in each way.
struct DownloadFixture {
  explicit DownloadFixture(uint64_t seed = 1) : server(seed), mailbox(server), code(MakeVirtual(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(mailbox.first());
  }
  Caller Me() { return mailbox.CallerOf(mailbox.first()); }
  uint64_t Revision() { return server.PositionOf(mailbox.partition()).revision; }
  void Save(std::vector<SaveMessage> messages, OnConflict on_conflict = OnConflict::kReject) {
    mailbox.MustSave(mailbox.first(), std::move(messages), on_conflict);
  }
  void SaveLarge(const std::string& id, const std::string& thread, int64_t timestamp_ms, char fill = 'c') {
    Save({MakeMessage(id, thread, timestamp_ms, std::string(kLarge, fill))}, OnConflict::kReplace);
  }
  // Twelve large messages in two threads: three parts.
  void SaveTwelve() {
    for (int i = 0; i < 12; ++i) SaveLarge(fmt::format("m{}", i), i < 7 ? "t" : "u", 1000 - i);
  }
  // What a deletion leaves of the rows and counters.
  void Erase(const std::string& id) {
    const auto location =
        server.Find<storage_v1::MessageLocation>(mailbox.partition(), storage::keys::MessageLocation(id)).value();
    const storage::Place place{location.place().timestamp_ms(), location.place().revision(),
                               location.place().ordinal()};
    server.Overwrite(mailbox.partition(), {{storage::keys::Message(location.thread_number(), place), std::nullopt},
                                           {storage::keys::MessageLocation(id), std::nullopt}});
  }

  absl::StatusOr<Download> Open(const Caller& caller, const std::string& thread, const std::string& token = "") {
    return server.downloads().Open(caller, thread, token);
  }
  Download MustOpen(const std::string& thread, const std::string& token = "") {
    return Open(Me(), thread, token).value();
  }
  absl::StatusOr<DownloadPart> Next(Download& download) {
    auto part = server.Ask<DownloadPart>(
        [&](auto done) { server.downloads().Next(download, absl::InfiniteFuture(), std::move(done)); });
    if (reading != Reading::kInTurn && part.ok() && !part->resume_token.empty()) {
      server.downloads().ReadAhead(download, absl::InfiniteFuture(), Count());
      if (reading == Reading::kAhead) server.Settle();
    }
    return part;
  }
  // Prepares a part by its ids.
  DownloadReader::Prepare Count() {
    return [this](DownloadPart& part) {
      ++prepared;
      return std::make_shared<Ids>(IdsOf(part.messages));
    };
  }
  DownloadPart MustNext(Download& download) {
    auto part = Next(download);
    INFO(part.status().ToString());
    REQUIRE(part.ok());
    std::size_t bytes = 0;
    for (const MessageView& message : part->messages) bytes += message.record.ciphertext().size();
    CHECK(bytes <= limits::kDownloadBytes);
    return *std::move(part);
  }
  // To the end, on one stream.
  std::vector<DownloadPart> Rest(Download& download) {
    std::vector<DownloadPart> parts;
    do {
      REQUIRE(parts.size() < 1000);
      parts.push_back(MustNext(download));
    } while (!parts.back().resume_token.empty());
    return parts;
  }
  static Ids Joined(const std::vector<DownloadPart>& parts) {
    Ids all;
    for (const DownloadPart& part : parts) {
      for (std::string& id : IdsOf(part.messages)) all.push_back(std::move(id));
    }
    return all;
  }

  const Reading reading = GENERATE(Reading::kInTurn, Reading::kAhead, Reading::kLate);
  TestServer server;
  TestMailbox mailbox;
  TestDevice code;
  int prepared = 0;  // parts
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_DOWNLOAD_FIXTURE_H_
