// What a client decodes of attachments (protocol section 7): contents, what names them, and its own journal.
#include <algorithm>

#include "client/attachments/attachment.h"
#include "client/attachments/journal_codec.h"
#include "client/attachments/safe_name.h"
#include "crypto/labyrinth/attachment.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

const crypto::Secret& ContentKey() {
  static const crypto::Secret kKey = crypto::Secret::CopyOf(std::string(crypto::kAttachmentKeyBytes, 'k'));
  return kKey;
}

// In pieces of `step` bytes, as a stream would bring them.
absl::StatusOr<std::string> Open(uint64_t file_bytes, std::string_view ciphertext, std::size_t step) {
  auto decrypter = crypto::AttachmentDecrypter::Create(ContentKey(), file_bytes, crypto::Sha256(ciphertext));
  if (!decrypter.ok()) return decrypter.status();
  std::string file;
  const auto keep = [&file](std::string_view part) {
    file.append(part);
    return absl::OkStatus();
  };
  while (!ciphertext.empty()) {
    const std::string_view piece = ciphertext.substr(0, step);
    ciphertext.remove_prefix(piece.size());
    if (const absl::Status added = decrypter->Add(piece, keep); !added.ok()) return added;
  }
  if (const absl::Status finished = decrypter->Finish(); !finished.ok()) return finished;
  return file;
}

std::string Sealed(std::string_view file) {
  auto encrypter = crypto::AttachmentEncrypter::Create(ContentKey(), file.size());
  std::string out;
  const auto keep = [&out](std::string_view segment) {
    out.append(segment);
    return absl::OkStatus();
  };
  Require(encrypter.ok() && encrypter->Add(file, keep).ok() && encrypter->Finish(keep).ok(), "a file encrypts");
  return out;
}

// Two bytes of the length that the message claims and one of the pieces' size, then the content: as the server sends
// it, and as the plaintext of a writer who has the key and lies about what is in it.
void RunContent(std::string_view input) {
  if (input.size() < 3) return;
  const auto byte = [&input](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(input[i])); };
  const uint64_t file_bytes = byte(0) << 8 | byte(1);
  const std::size_t step = byte(2) + 1;
  const std::string_view content = input.substr(3);

  const auto opened = Open(file_bytes, content, step);
  if (opened.ok()) {
    Require(opened->size() == file_bytes, "a file has the length that its message says");
    Require(Sealed(*opened) == content, "nothing opens that wasn't sealed");
  }
  Require(Open(file_bytes, content, content.size() + 1).ok() == opened.ok(), "the pieces' size changes nothing");

  if (content.empty() || content.size() > crypto::kAttachmentSegmentBytes) return;
  const std::string last_nonce = std::string(11, '\0') + '\x01';
  const auto key = crypto::Kdf(ContentKey(), "", crypto::domains::kAttachmentContent);
  const auto lied = Open(file_bytes, *crypto::AesGcmSeal(key, last_nonce, "", content), step);
  if (!lied.ok()) return;
  std::string length;
  crypto::AppendU32(length, static_cast<uint32_t>(file_bytes));
  Require(content.substr(0, 4) == length && *lied == content.substr(4, file_bytes), "the length is the content's own");
}

std::vector<std::string> ContentSeeds() {
  const auto seed = [](const std::string& file, std::string_view content) {
    std::string out;
    out.push_back(static_cast<char>(file.size() >> 8));
    out.push_back(static_cast<char>(file.size()));
    out.push_back(6);
    return out.append(content);
  };
  const std::string text = "a short file";
  // Twelve bytes are their own padded length.
  return {seed("", Sealed("")), seed(text, Sealed(text)), seed(text, crypto::Lv(text))};
}

client::Attachment TestAttachment() {
  return {*crypto::AttachmentName::From(std::string(16, 'A')),
          ContentKey().Clone(),
          crypto::Sha256("ciphertext"),
          1234,
          "photo.jpg",
          "image/jpeg"};
}

// What stands inside a message, by a hostile member.
void RunRecord(std::string_view input) {
  content::v1::Attachment encoded;
  if (!encoded.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  const auto attachment = client::DecodeAttachment(encoded);
  if (!attachment) return;
  Require(attachment->content_key.size() == crypto::kAttachmentKeyBytes, "a content key has 32 bytes");
  Require(attachment->size_bytes <= crypto::kAttachmentFileBytes, "a file has a bounded length");
  content::v1::Attachment again;
  client::EncodeAttachment(*attachment, again);
  const auto same = client::DecodeAttachment(again);
  Require(same && same->name == attachment->name && same->file_name == attachment->file_name, "reads as written");

  const std::string name = client::SafeFileName(attachment->file_name);
  Require(!name.empty() && name.size() <= 120 && name.front() != '.', "a safe name is one, and not hidden");
  Require(name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos, "and no path");
  Require(client::SafeFileName(name) == name, "and stays what it is");
}

std::vector<std::string> RecordSeeds() {
  content::v1::Attachment encoded;
  client::EncodeAttachment(TestAttachment(), encoded);
  std::string plain = encoded.SerializeAsString();
  encoded.set_file_name("../..\\CON.tar.gz ");
  return {plain, encoded.SerializeAsString()};
}

std::string WithHeader(std::string_view body) {
  std::string out = "labyrinth-attachments/1\n";
  out.append(crypto::Sha256(body).view());
  return out.append(body);
}

// The file as it is found, and its body under a digest that is right.
void RunJournal(std::string_view input) {
  for (const std::string& file : {std::string(input), WithHeader(input)}) {
    const auto pending = client::DecodeJournal(file);
    if (!pending.ok()) continue;
    const auto again = client::DecodeJournal(client::EncodeJournal(*pending).RevealSecret());
    Require(again.ok() && again->size() == pending->size(), "a journal reads as it was written");
    for (std::size_t i = 0; i < pending->size(); ++i) {
      Require((*again)[i].attachment.name == (*pending)[i].attachment.name, "entry by entry");
      Require((*again)[i].upload_ticket == (*pending)[i].upload_ticket, "with its ticket");
    }
  }
}

std::vector<std::string> JournalSeeds() {
  std::vector<client::PendingAttachment> pending;
  pending.push_back({.attachment = TestAttachment(), .file_digest = crypto::Sha256("file")});
  pending.push_back({.attachment = TestAttachment(),
                     .file_digest = crypto::Sha256("file"),
                     .spooled = true,
                     .upload_ticket = "ticket",
                     .ticket_expire_ms = 1'700'000'000'000,
                     .complete = true,
                     .thread_id = "thread",
                     .message_id = "message"});
  const std::string file(client::EncodeJournal(pending).RevealSecret());
  return {file, file.substr(WithHeader("").size()), WithHeader("")};
}

constexpr FuzzTarget kTargets[] = {
    {"attachment_content", ContentSeeds, RunContent},
    {"attachment_record", RecordSeeds, RunRecord},
    {"attachment_journal", JournalSeeds, RunJournal},
};

}  // namespace

std::span<const FuzzTarget> AttachmentTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
