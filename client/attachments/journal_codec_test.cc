#include "client/attachments/journal_codec.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

constexpr std::string_view kMagic = "labyrinth-attachments/1\n";

std::vector<PendingAttachment> Pending() {
  std::vector<PendingAttachment> out;
  out.push_back({.attachment = {*crypto::AttachmentName::From(std::string(16, 'A')),
                                crypto::Secret::CopyOf(std::string(crypto::kAttachmentKeyBytes, 'K')),
                                crypto::Sha256("ciphertext"), 1234, "photo.jpg", "image/jpeg"},
                 .file_digest = crypto::Sha256("file"),
                 .spooled = true,
                 .upload_ticket = "ticket",
                 .ticket_expire_ms = 1'700'000'000'000,
                 .complete = true,
                 .thread_id = "thread",
                 .message_id = "message"});
  out.push_back(out[0].Clone());
  out[1].attachment.name = *crypto::AttachmentName::From(std::string(16, 'B'));
  out[1].message_id.clear();
  return out;
}

std::string File() { return std::string(EncodeJournal(Pending()).RevealSecret()); }

std::string WithHeader(std::string_view body) {
  return std::string(kMagic).append(crypto::Sha256(body).view()).append(body);
}

TEST_CASE("a journal reads as it was written") {
  const auto read = DecodeJournal(File());
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  const PendingAttachment& entry = (*read)[0];
  const PendingAttachment written = std::move(Pending()[0]);
  CHECK(entry.attachment.name == written.attachment.name);
  CHECK(entry.attachment.content_key.RevealSecret() == written.attachment.content_key.RevealSecret());
  CHECK(entry.attachment.digest == written.attachment.digest);
  CHECK(entry.attachment.size_bytes == 1234);
  CHECK(entry.attachment.file_name == "photo.jpg");
  CHECK(entry.file_digest == written.file_digest);
  CHECK(entry.spooled);
  CHECK(entry.upload_ticket == "ticket");
  CHECK(entry.ticket_expire_ms == written.ticket_expire_ms);
  CHECK(entry.complete);
  CHECK(entry.has_message());
  CHECK_FALSE((*read)[1].has_message());
  CHECK(DecodeJournal(EncodeJournal({}).RevealSecret())->empty());
}

TEST_CASE("a journal that is cut, changed or of another format says what can be done") {
  const std::string good = File();
  std::vector<std::string> bad = {"", "labyrinth-attachments/2\n" + good.substr(kMagic.size()), good + "x",
                                  WithHeader("not a protobuf"),
                                  // A body under a right digest, with an entry that isn't one.
                                  WithHeader(std::string("\x0a\x00", 2))};
  for (std::size_t size = 0; size < good.size(); size += 7) bad.push_back(good.substr(0, size));
  for (std::size_t i = 0; i < good.size(); i += 11) {
    bad.push_back(good);
    bad.back()[i] = static_cast<char>(bad.back()[i] ^ 1);
  }
  for (const std::string& file : bad) {
    const absl::Status status = DecodeJournal(file).status();
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(std::string(status.message()).find("remove the folder 'attachments'") != std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::client
