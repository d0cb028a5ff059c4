#include "crypto/labyrinth/attachment.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/limits.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/padding.h"
#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kSealedSegment = kAttachmentSegmentBytes + kAeadTagBytes;

Secret Key(char c = 'k') { return Secret::CopyOf(std::string(kAttachmentKeyBytes, c)); }

auto Into(std::string& out) {
  return [&out](std::string_view piece) {
    out += piece;
    return absl::OkStatus();
  };
}

struct Sealed {
  std::string ciphertext;
  Sha256Digest digest;
};

Sealed Seal(std::string_view file, std::size_t piece = 100'000, char key = 'k') {
  Sealed out;
  auto encrypter = AttachmentEncrypter::Create(Key(key), file.size());
  REQUIRE(encrypter.ok());
  for (std::size_t at = 0; at < file.size(); at += piece) {
    REQUIRE(encrypter->Add(file.substr(at, piece), Into(out.ciphertext)).ok());
  }
  const auto digest = encrypter->Finish(Into(out.ciphertext));
  REQUIRE(digest.ok());
  out.digest = *digest;
  return out;
}

struct Opened {
  std::string file;
  absl::Status status;
};

Opened Open(std::string_view ciphertext, uint64_t file_bytes, const Sha256Digest& digest, std::size_t piece = 100'000,
            char key = 'k') {
  Opened out;
  auto decrypter = AttachmentDecrypter::Create(Key(key), file_bytes, digest);
  REQUIRE(decrypter.ok());
  for (std::size_t at = 0; at < ciphertext.size(); at += piece) {
    out.status = decrypter->Add(ciphertext.substr(at, piece), Into(out.file));
    if (!out.status.ok()) return out;
  }
  out.status = decrypter->Finish();
  return out;
}

bool Says(const Opened& opened, std::string_view text) {
  return absl::IsDataLoss(opened.status) && std::string(opened.status.message()).find(text) != std::string::npos;
}

// Lengths around every edge of the format: the least padding, a whole segment with its prefix, the next one.
const std::vector<std::size_t> kLengths = {0,     1,     9,     10,    11,     65'531, 65'532,  65'533,
                                           65536, 65537, 65552, 98304, 131068, 131069, 131'072, 300'000};

TEST_CASE("The size of the ciphertext follows from the file's length alone") {
  CHECK(AttachmentCiphertextBytes(0) == 4 + 10 + 16);
  CHECK(AttachmentCiphertextBytes(9) == 4 + 10 + 16);
  CHECK(AttachmentCiphertextBytes(10) == 4 + 10 + 16);
  CHECK(AttachmentCiphertextBytes(11) == 4 + 12 + 16);
  // 64 KiB of padded plaintext in one segment need a padded length of 65532, and no length has it.
  CHECK(PaddedLength(63'488) == 63'488);
  CHECK(AttachmentCiphertextBytes(63'488) == 4 + 63'488 + 16);
  CHECK(AttachmentCiphertextBytes(63'489) == 4 + 65'536 + 2 * 16);
  CHECK(AttachmentCiphertextBytes(65'536) == 4 + 65'536 + 2 * 16);
  CHECK(AttachmentCiphertextBytes(65'537) == 4 + 67'584 + 2 * 16);
  CHECK(AttachmentCiphertextBytes(kAttachmentFileBytes) == 4 + 104'857'600 + 1601 * 16);
  CHECK(AttachmentCiphertextBytes(kAttachmentFileBytes) == limits::kAttachmentBytes);  // what servers take
  for (const std::size_t length : kLengths) {
    CHECK(Seal(std::string(length, 'x')).ciphertext.size() == AttachmentCiphertextBytes(length));
  }
}

TEST_CASE("A file comes back, however it and its ciphertext are cut") {
  SeededRandom random(1);
  for (const std::size_t length : kLengths) {
    const std::string file = random.Bytes(length);
    const Sealed whole = Seal(file);
    CHECK(whole.digest == Sha256(whole.ciphertext));
    for (const std::size_t piece : {1'000u, 65'536u, 65'552u, 262'144u}) {
      CHECK(Seal(file, piece).ciphertext == whole.ciphertext);
      const Opened opened = Open(whole.ciphertext, length, whole.digest, piece);
      CHECK(opened.status.ok());
      CHECK(opened.file == file);
    }
  }
}

TEST_CASE("The format is the one that is written down") {
  const std::string file(70'000, 'f');
  const Sealed sealed = Seal(file);
  const Secret key = Kdf(Key(), "", domains::kAttachmentContent);
  const Secret padded = Pad(file);
  const std::string_view plain = padded.RevealSecret();
  const auto first = AesGcmSeal(key, std::string(12, '\0'), "", plain.substr(0, kAttachmentSegmentBytes));
  const auto last =
      AesGcmSeal(key, std::string("\0\0\0\0\0\0\0\0\0\0\1\1", 12), "", plain.substr(kAttachmentSegmentBytes));
  CHECK(sealed.ciphertext == *first + *last);
}

// Recomputed with another implementation of AES-GCM and HKDF.
TEST_CASE("Known answers, that no later version may change") {
  const Sealed empty = Seal("");
  CHECK(ToHex(empty.ciphertext) == "8a5a3b90799d6b2e3edab9686f7be54300ae183c8a352242039a40f29fdf");
  CHECK(ToHex(Seal("hello").digest.view()) == "edc078989b7ead8ffccbc7937e61cb39e77182a23aa895ac5ae06d40bc35423c");
  std::string file(200'000, '\0');
  for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 7 >> 3);
  CHECK(ToHex(Seal(file).digest.view()) == "e28d82002890b91562f6d6877777a81f83792352f00eb2334c3a7c9932999f89");
}

TEST_CASE("Whatever was changed is found, and nothing false leaves the decrypter") {
  SeededRandom random(2);
  const std::string file = random.Bytes(200'000);
  const Sealed sealed = Seal(file);
  const auto refused = [&](const std::string& ciphertext, std::string_view text) {
    for (const std::size_t piece : {5'000u, 262'144u}) {
      const Opened opened = Open(ciphertext, file.size(), sealed.digest, piece);
      INFO(std::string(opened.status.message()));
      CHECK(Says(opened, text));
      CHECK(file.compare(0, opened.file.size(), opened.file) == 0);
    }
  };
  const std::string& good = sealed.ciphertext;
  std::string bad;
  for (const std::size_t at : {std::size_t{0}, std::size_t{4}, kSealedSegment - 1, kSealedSegment, good.size() - 1}) {
    bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    refused(bad, "doesn't authenticate");
  }
  // Two segments exchanged; one repeated; one left out.
  bad = good.substr(kSealedSegment, kSealedSegment) + good.substr(0, kSealedSegment) + good.substr(2 * kSealedSegment);
  refused(bad, "doesn't authenticate");
  bad = good.substr(0, kSealedSegment) + good.substr(0, kSealedSegment) + good.substr(2 * kSealedSegment);
  refused(bad, "doesn't authenticate");
  refused(good.substr(0, kSealedSegment) + good.substr(2 * kSealedSegment), "doesn't authenticate");
  // Truncated inside a segment and between two; extended.
  refused(good.substr(0, good.size() - 1), "shorter");
  refused(good.substr(0, 2 * kSealedSegment), "shorter");
  refused("", "shorter");
  refused(good + "x", "longer");
  refused(good + good, "longer");
}

TEST_CASE("Truncation isn't hidden by a message that names the shorter length") {
  const std::string file(200'000, 'f');
  const Sealed sealed = Seal(file);
  // Whole segments: as many bytes as a shorter file has, but none of them is flagged as the last.
  const std::string cut = sealed.ciphertext.substr(0, kSealedSegment);
  std::size_t shorter = 0;
  for (std::size_t l = 60'000; l < 66'000; ++l) {
    if (AttachmentCiphertextBytes(l) <= cut.size()) shorter = l;
  }
  CHECK(Says(Open(cut.substr(0, AttachmentCiphertextBytes(shorter)), shorter, Sha256(cut)), "authenticate"));
  // A length of the same size class, which only the prefix tells apart.
  const Opened other = Open(sealed.ciphertext, 199'999, sealed.digest);
  CHECK(Says(other, "its length isn't"));
  CHECK(other.file.empty());
}

TEST_CASE("Another content under the same key, or the right one under another, is refused") {
  const std::string file = "the same length";
  const Sealed sealed = Seal(file);
  const Sealed other = Seal("THE SAME LENGTH");
  CHECK(Says(Open(other.ciphertext, file.size(), sealed.digest), "not the one that its message names"));
  CHECK(Says(Open(sealed.ciphertext, file.size(), sealed.digest, 100, 'K'), "doesn't authenticate"));
}

TEST_CASE("After a refusal there is nothing more") {
  const Sealed sealed = Seal("hello");
  auto decrypter = AttachmentDecrypter::Create(Key(), 5, sealed.digest);
  std::string out;
  CHECK_FALSE(decrypter->Add(std::string(30, 'x'), Into(out)).ok());
  CHECK_FALSE(decrypter->Add(sealed.ciphertext, Into(out)).ok());
  CHECK_FALSE(decrypter->Finish().ok());
  CHECK(out.empty());
}

TEST_CASE("A sink's error ends both directions") {
  const auto full = [](std::string_view) { return absl::ResourceExhaustedError("disk full"); };
  auto encrypter = AttachmentEncrypter::Create(Key(), 5);
  REQUIRE(encrypter->Add("hello", full).ok());
  CHECK(absl::IsResourceExhausted(encrypter->Finish(full).status()));
  const Sealed sealed = Seal("hello");
  auto decrypter = AttachmentDecrypter::Create(Key(), 5, sealed.digest);
  CHECK(absl::IsResourceExhausted(decrypter->Add(sealed.ciphertext, full)));
  CHECK_FALSE(decrypter->Finish().ok());
}

TEST_CASE("Bad arguments are refused, and a file that changes while it is read") {
  CHECK(absl::IsInvalidArgument(AttachmentEncrypter::Create(Secret(31), 1).status()));
  CHECK(absl::IsInvalidArgument(AttachmentEncrypter::Create(Key(), kAttachmentFileBytes + 1).status()));
  CHECK(absl::IsInvalidArgument(AttachmentDecrypter::Create(Secret(33), 1, {}).status()));
  CHECK(absl::IsInvalidArgument(AttachmentDecrypter::Create(Key(), kAttachmentFileBytes + 1, {}).status()));
  std::string out;
  auto grew = AttachmentEncrypter::Create(Key(), 5);
  CHECK(absl::IsFailedPrecondition(grew->Add("hello!", Into(out))));
  auto shrank = AttachmentEncrypter::Create(Key(), 5);
  REQUIRE(shrank->Add("hell", Into(out)).ok());
  CHECK(absl::IsFailedPrecondition(shrank->Finish(Into(out)).status()));
}

TEST_CASE("The points are the ORF's maps of A, and differ by domain, name and device") {
  SeededRandom random(3);
  const OrfClientState orf = OrfClientState::Generate(random);
  const OrfClientState other = OrfClientState::Generate(random);
  AttachmentName name, name2;
  random.Fill({name.data(), name.kSize});
  random.Fill({name2.data(), name2.kSize});
  const AttachmentPoints points = MapAttachment(orf, name);
  CHECK(points.reference == orf.Map("labyrinth_att_ref", name.view()));
  CHECK(points.owner == orf.Map("labyrinth_att_own", name.view()));
  CHECK_FALSE(points.reference == points.owner);
  CHECK_FALSE(points.reference == MapAttachment(orf, name2).reference);
  CHECK_FALSE(points.reference == MapAttachment(other, name).reference);
}

TEST_CASE("No freed memory holds the content key or the plaintext") {
  const std::string marker = "marker-of-plaintext-0123456789";
  const Sealed sealed = Seal(marker);
  ReleaseWatch watch(marker);
  {
    auto decrypter = AttachmentDecrypter::Create(Key(), marker.size(), sealed.digest);
    const auto ignore = [](std::string_view) { return absl::OkStatus(); };
    REQUIRE(decrypter->Add(sealed.ciphertext, ignore).ok());
    REQUIRE(decrypter->Finish().ok());
    auto encrypter = AttachmentEncrypter::Create(Key(), marker.size());
    REQUIRE(encrypter->Add(marker, ignore).ok());
    REQUIRE(encrypter->Finish(ignore).ok());
  }
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
