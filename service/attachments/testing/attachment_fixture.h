// Attachments over a store in memory that misbehaves on demand, with a clock that stands still. testonly.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"
#include "service/attachments/downloads.h"
#include "service/attachments/references.h"
#include "service/attachments/sweeper.h"
#include "service/attachments/uploads.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "service/mailbox/testing/test_server.h"
#include "storage/memory/faulty_blob_store.h"
#include "storage/memory/memory_blob_store.h"

namespace labyrinth::attachments::testing {

using mailbox::testing::kTestNowMs;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;

inline constexpr uint64_t kChunk = limits::kAttachmentChunkBytes;
inline constexpr int64_t kHourMs = int64_t{3600} * 1000;

// A = 16 bytes of `name`, padded.
inline std::string NameOf(std::string name) { return name.resize(16, '.'), name; }

// One mailbox with a device and a message "m" in thread "t". Thread-compatible.
struct AttachmentFixture {
  AttachmentFixture() {
    mailbox.Create();
    Save("m", "t");
  }
  ~AttachmentFixture() { server.Settle(); }

  absl::Time Deadline() { return absl::FromUnixMillis(server.clock().NowMs() + 30'000); }
  void Save(const std::string& id, const std::string& thread, int64_t expire_ms = 0) {
    mailbox.MustSave(mailbox.first(), {mailbox::testing::MakeMessage(id, thread, 1, "ciphertext", expire_ms)});
  }
  // What a later DeleteMessages leaves: the message's location as a tombstone.
  void DeleteMessage(const std::string& id);

  // P_ref and P_own, as a client with the device's scalar forms them (protocol section 7, step 1).
  static crypto::Point Map(const TestDevice& device, std::string_view domain, const std::string& name) {
    const auto tag = crypto::Mac(NameOf(name), crypto::Secret::CopyOf(domain));
    return *crypto::Multiply(device.orf_client_scalar, crypto::HashToCurve(tag.view()));
  }
  static Claim ClaimOf(const TestDevice& device, const std::string& name, const std::string& thread = "t",
                       const std::string& message = "m") {
    return {Map(device, crypto::domains::kAttachmentReference, name),
            Map(device, crypto::domains::kAttachmentOwner, name), thread, message};
  }
  Claim ClaimOf(const std::string& name, const std::string& thread = "t", const std::string& message = "m") {
    return ClaimOf(mailbox.first(), name, thread, message);
  }
  mailbox::Caller Me() { return mailbox.CallerOf(mailbox.first()); }

  template <typename Call>
  absl::Status Do(Call call) {
    std::optional<absl::Status> answer;
    call([&answer](absl::Status status) { answer = std::move(status); });
    server.Settle();
    REQUIRE(answer.has_value());
    return *answer;
  }

  absl::StatusOr<PreparedUpload> Prepare(uint64_t size) {
    return server.Ask<PreparedUpload>([&](auto done) { uploads.Prepare(Me(), size, Deadline(), std::move(done)); });
  }
  absl::StatusOr<PreparedUpload> Resume(const std::string& ticket, uint64_t size = 0) {
    return server.Ask<PreparedUpload>(
        [&](auto done) { uploads.Resume(Me(), ticket, size, Deadline(), std::move(done)); });
  }
  absl::StatusOr<uint64_t> Add(const Uploads::Hold& hold, uint64_t committed, uint64_t offset, std::string data) {
    return server.Ask<uint64_t>(
        [&](auto done) { uploads.Add(hold, committed, offset, std::move(data), Deadline(), std::move(done)); });
  }
  // Sends what is left of `content`.
  absl::StatusOr<uint64_t> Send(const std::string& ticket, const std::string& content) {
    auto hold = uploads.Open(ticket);
    if (!hold.ok()) return hold.status();
    auto committed = server.Ask<uint64_t>([&](auto done) { uploads.Committed(*hold, Deadline(), std::move(done)); });
    while (committed.ok() && *committed < content.size()) {
      committed = Add(*hold, *committed, *committed, content.substr(*committed, kChunk));
    }
    return committed;
  }
  // A complete upload's ticket.
  std::string Upload(const std::string& content) {
    const auto prepared = Prepare(content.size());
    REQUIRE(prepared.ok());
    const auto committed = Send(prepared->ticket, content);
    INFO(committed.status().ToString());
    REQUIRE(committed.ok());
    return prepared->ticket;
  }
  absl::Status Attach(const mailbox::Caller& caller, Claim claim, const std::string& ticket,
                      const std::string& sealed_name = "name") {
    return Do([&](auto done) {
      references.Create(caller, std::move(claim), ticket, sealed_name, Deadline(), std::move(done));
    });
  }
  absl::Status Attach(Claim claim, const std::string& ticket) { return Attach(Me(), std::move(claim), ticket); }
  absl::Status Delete(std::vector<Claim> claims) {
    return Do([&](auto done) { references.Delete(Me(), std::move(claims), Deadline(), std::move(done)); });
  }
  absl::StatusOr<PreparedDownload> Locate(const mailbox::Caller& caller, Claim claim) {
    return server.Ask<PreparedDownload>(
        [&](auto done) { downloads.Prepare(caller, std::move(claim), Deadline(), std::move(done)); });
  }
  absl::StatusOr<std::string> ReadChunk(const Downloads::Hold& hold, uint64_t offset) {
    return server.Ask<std::string>([&](auto done) { downloads.ReadChunk(hold, offset, Deadline(), std::move(done)); });
  }
  // The whole of it, or why not.
  absl::StatusOr<std::string> Download(const mailbox::Caller& caller, Claim claim) {
    const auto prepared = Locate(caller, std::move(claim));
    if (!prepared.ok()) return prepared.status();
    const auto hold = downloads.Open(caller, prepared->ticket, 0);
    if (!hold.ok()) return hold.status();
    std::string all;
    while (all.size() < prepared->size_bytes) {
      auto chunk = ReadChunk(*hold, all.size());
      if (!chunk.ok()) return chunk.status();
      all += *chunk;
    }
    return all;
  }
  absl::StatusOr<std::string> Download(Claim claim) { return Download(Me(), std::move(claim)); }

  // Partitions of attachments that are due.
  std::vector<std::string> Due() {
    std::vector<std::string> owned;
    server.store().Due(server.clock().NowMs(), 10'000, [&](auto due) {
      for (const auto& entry : *due) {
        if (sweeper.Owns(entry.partition)) owned.push_back(entry.partition);
      }
    });
    return owned;
  }
  // Sweeps until nothing is due. The test fails if that never happens.
  void Sweep() {
    for (int round = 0; round < 100; ++round) {
      const auto due = Due();
      if (due.empty()) return;
      for (const std::string& partition : due) {
        const absl::Status swept = Do([&](auto done) { sweeper.Wake(partition, Deadline(), std::move(done)); });
        INFO(swept.ToString());
        REQUIRE(swept.ok());
      }
    }
    FAIL("something stays due for ever");
  }
  void Pass(int64_t ms) { server.clock().Advance(ms); }
  // What is stored of an upload whose ticket still holds, at most a mebibyte.
  std::string BytesOf(const std::string& ticket) {
    std::string bytes;
    blobs.ReadRange(tickets.OpenUpload(ticket)->blob, 0, storage::kMaxBlobReadBytes, Deadline(),
                    [&bytes](auto data) { bytes = *std::move(data); });
    return bytes;
  }
  // Rows of all partitions of attachments, heads left out.
  std::size_t Rows();

  TestServer server;
  TestMailbox mailbox{server};
  storage::MemoryBlobStore blobs;
  storage::FaultyBlobStore blob_faults{blobs};
  PartitionUpdates updates{server.faults(), server.executor(), server.clock()};
  Store store{server.faults(), blob_faults, updates, server.executor(), server.clock()};
  Tickets tickets{crypto::Secret::CopyOf(std::string(32, 'k')), 7, server.clock(), server.random()};
  References references{store, tickets};
  UploadLimiter limiter{server.clock()};
  Uploads uploads{store, tickets, limiter, server.random()};
  Downloads downloads{store, references, tickets};
  Sweeper sweeper{store};
};

inline void AttachmentFixture::DeleteMessage(const std::string& id) {
  const std::string key = storage::keys::MessageLocation(id);
  auto location = server.Find<storage_v1::MessageLocation>(mailbox.partition(), key);
  REQUIRE(location.has_value());
  location->set_deleted_ms(server.clock().NowMs());
  server.Overwrite(mailbox.partition(), {{key, location->SerializeAsString()}});
}

inline std::size_t AttachmentFixture::Rows() {
  std::size_t rows = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string first(1, static_cast<char>(byte));
    for (const char* prefix : {"attref-", "attblob-"}) {
      for (const auto& [key, value] : server.Rows(prefix + ToHex(first))) rows += key != "\x01" ? 1 : 0;
    }
  }
  return rows;
}

}  // namespace labyrinth::attachments::testing

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_
