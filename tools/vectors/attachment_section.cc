#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "crypto/labyrinth/attachment.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

constexpr uint64_t kLongestFileBytes = 1 << 20;
// Given whole; of longer ones, digests alone.
constexpr std::size_t kShortCiphertextBytes = 400;

void RunReference(Fields& f) {
  const auto client = crypto::OrfClientState::Parse(f.SecretOf("client_state"));
  const auto server = crypto::OrfServerState::Parse(f.SecretOf("server_state"));
  if (!f.Ok(client, "client_state") || !f.Ok(server, "server_state")) return;
  const auto points = crypto::MapAttachment(*client, f.FixedOf<crypto::AttachmentName>("a"));
  f.Expect("p_ref", points.reference.view());
  f.Expect("p_own", points.owner.view());
  const auto index = server->Map(crypto::domains::kAttachmentIndex, f.Hex("p_ref"));
  const auto key = server->Map(crypto::domains::kAttachmentMac, f.Hex("p_own"));
  if (!f.Ok(index, "p_ref") || !f.Ok(key, "p_own")) return;
  f.Expect("idx", index->view());
  f.Expect("mk", key->view());
  std::string claimed;
  crypto::AppendLv(claimed, f.Hex("thread_id"));
  crypto::AppendLv(claimed, f.Hex("message_id"));
  f.Expect("tag", crypto::Mac(claimed, crypto::Secret::CopyOf(key->view())).view());
}

// The file of a case: a piece again and again, cut.
std::optional<std::string> ReadFile(Fields& f) {
  const std::string piece = f.Hex("file_piece");
  const uint64_t size = f.Integer("file_bytes");
  // Other lengths are the format's as well; what stands in a file of answers stays small.
  if (size > kLongestFileBytes || piece.empty() != (size == 0)) {
    f.Fail("file_bytes", "no such file");
    return std::nullopt;
  }
  std::string file;
  while (file.size() < size) file.append(piece);
  file.resize(size);
  return file;
}

// Each segment as it left the encrypter, and the digest.
struct Sealed {
  std::vector<std::string> segments;
  crypto::Sha256Digest digest;
};

std::optional<Sealed> Seal(Fields& f) {
  const auto file = ReadFile(f);
  auto encrypter = crypto::AttachmentEncrypter::Create(f.SecretOf("content_key"), file.value_or("").size());
  if (!file.has_value() || !f.Ok(encrypter, "content_key")) return std::nullopt;
  Sealed out;
  const auto keep = [&out](std::string_view segment) {
    out.segments.emplace_back(segment);
    return absl::OkStatus();
  };
  if (!f.Ok(encrypter->Add(*file, keep), "file")) return std::nullopt;
  const auto digest = encrypter->Finish(keep);
  if (!f.Ok(digest, "file")) return std::nullopt;
  out.digest = *digest;
  return out;
}

std::string Joined(const std::vector<std::string>& segments) {
  std::string out;
  for (const std::string& segment : segments) out.append(segment);
  return out;
}

absl::StatusOr<std::string> Open(const crypto::Secret& key, uint64_t file_bytes, const crypto::Sha256Digest& digest,
                                 std::string_view ciphertext) {
  auto decrypter = crypto::AttachmentDecrypter::Create(key, file_bytes, digest);
  if (!decrypter.ok()) return decrypter.status();
  std::string file;
  const absl::Status added = decrypter->Add(ciphertext, [&file](std::string_view part) {
    file.append(part);
    return absl::OkStatus();
  });
  if (!added.ok()) return added;
  if (const absl::Status finished = decrypter->Finish(); !finished.ok()) return finished;
  return file;
}

void RunContent(Fields& f) {
  const auto sealed = Seal(f);
  if (!sealed.has_value()) return;
  const crypto::Secret key = f.SecretOf("content_key");
  f.Expect("segment_key", crypto::Kdf(key, "", crypto::domains::kAttachmentContent));
  const std::string ciphertext = Joined(sealed->segments);
  f.ExpectInteger("ciphertext_bytes", ciphertext.size());
  f.ExpectInteger("ciphertext_bytes", crypto::AttachmentCiphertextBytes(f.Integer("file_bytes")));
  if (ciphertext.size() <= kShortCiphertextBytes) f.Expect("ciphertext", ciphertext);
  f.Expect("digest", sealed->digest.view());
  std::vector<std::string> digests;
  for (const std::string& segment : sealed->segments) digests.push_back(crypto::Sha256(segment).str());
  f.Check(f.HexList("segment_digests") == digests, "segment_digests: other segments");

  const auto opened = Open(key, f.Integer("file_bytes"), sealed->digest, ciphertext);
  f.Check(opened.ok() && *opened == ReadFile(f), "ciphertext: doesn't open to the file");
}

void RunRefusedContent(Fields& f, Fields& first) {
  const auto sealed = Seal(first);
  if (!sealed.has_value()) return;
  std::string ciphertext;
  for (const uint64_t index : f.Integers("segments")) {
    if (index >= sealed->segments.size()) return f.Fail("segments", "no such segment");
    ciphertext.append(sealed->segments[index]);
  }
  ciphertext.resize(ciphertext.size() - std::min<uint64_t>(ciphertext.size(), f.Integer("cut")));
  ciphertext.append(f.Hex("append"));
  const auto digest = f.Has("digest") ? f.FixedOf<crypto::Sha256Digest>("digest") : crypto::Sha256(ciphertext);
  f.ExpectRefusedAs(Open(first.SecretOf("content_key"), f.Integer("file_bytes"), digest, ciphertext).status());
}

}  // namespace

void RunAttachmentContent(Section& section) {
  section.ForEach("vectors", RunContent);
  section.ForEach("must_fail_decrypt", [&section](Fields& f) {
    Fields first = section.First("vectors", f.outcome());
    RunRefusedContent(f, first);
  });
}

void RunAttachmentReferences(Section& section) { section.ForEach("vectors", RunReference); }

}  // namespace labyrinth::vectors
