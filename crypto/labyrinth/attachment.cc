#include "crypto/labyrinth/attachment.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "crypto/primitives/aead.h"
#include "crypto/primitives/padding.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kSealedSegmentBytes = kAttachmentSegmentBytes + kAeadTagBytes;

uint64_t PaddedBytes(uint64_t file_bytes) { return kLengthBytes + PaddedLength(file_bytes); }

std::array<char, kLengthBytes> LengthPrefix(uint64_t length) {
  return {static_cast<char>(length >> 24), static_cast<char>(length >> 16), static_cast<char>(length >> 8),
          static_cast<char>(length)};
}

// 7 zero bytes || u32be(i) || last
std::array<char, 12> Nonce(uint32_t index, bool last) {
  std::array<char, 12> nonce{};
  const auto counter = LengthPrefix(index);
  std::copy(counter.begin(), counter.end(), nonce.begin() + 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

template <std::size_t N>
std::string_view View(const std::array<char, N>& bytes) {
  return {bytes.data(), N};
}

absl::Status Check(const Secret& content_key, uint64_t file_bytes) {
  if (content_key.size() != kAttachmentKeyBytes)
    return absl::InvalidArgumentError("attachment: its key isn't 32 bytes");
  if (file_bytes > kAttachmentFileBytes) return absl::InvalidArgumentError("attachment: larger than 100 MiB");
  return absl::OkStatus();
}

Secret SegmentKey(const Secret& content_key) { return Kdf(content_key, "", domains::kAttachmentContent); }

}  // namespace

AttachmentPoints MapAttachment(const OrfClientState& orf, const AttachmentName& name) {
  return {orf.Map(domains::kAttachmentReference, name.view()), orf.Map(domains::kAttachmentOwner, name.view())};
}

uint64_t AttachmentCiphertextBytes(uint64_t file_bytes) {
  const uint64_t padded = PaddedBytes(file_bytes);
  return padded + (padded + kAttachmentSegmentBytes - 1) / kAttachmentSegmentBytes * kAeadTagBytes;
}

// --- encryption ---

absl::StatusOr<AttachmentEncrypter> AttachmentEncrypter::Create(const Secret& content_key, uint64_t file_bytes) {
  if (absl::Status s = Check(content_key, file_bytes); !s.ok()) return s;
  return AttachmentEncrypter(SegmentKey(content_key), file_bytes);
}

AttachmentEncrypter::AttachmentEncrypter(Secret key, uint64_t file_bytes)
    : key_(std::move(key)),
      file_left_(file_bytes),
      padding_left_(PaddedBytes(file_bytes) - kLengthBytes - file_bytes),
      padded_left_(PaddedBytes(file_bytes)),
      segment_(kAttachmentSegmentBytes),
      filled_(kLengthBytes) {
  // The padded plaintext begins with u32be(L), and has at least 10 bytes more.
  const auto prefix = LengthPrefix(file_bytes);
  std::memcpy(segment_.MutableSecret().data(), prefix.data(), prefix.size());
}

absl::Status AttachmentEncrypter::Add(std::string_view file, AttachmentSink sink) {
  if (file.size() > file_left_) return absl::FailedPreconditionError("attachment: the file grew while it was read");
  file_left_ -= file.size();
  return Append(file, sink);
}

absl::StatusOr<Sha256Digest> AttachmentEncrypter::Finish(AttachmentSink sink) {
  if (file_left_ > 0) return absl::FailedPreconditionError("attachment: the file shrank while it was read");
  static constexpr std::array<char, 4096> kZeros{};
  while (padding_left_ > 0) {
    const std::size_t size = static_cast<std::size_t>(std::min<uint64_t>(padding_left_, kZeros.size()));
    padding_left_ -= size;
    if (absl::Status s = Append(View(kZeros).substr(0, size), sink); !s.ok()) return s;
  }
  return digest_.Finish();
}

absl::Status AttachmentEncrypter::Append(std::string_view padded, AttachmentSink sink) {
  while (!padded.empty()) {
    const std::size_t size = std::min(padded.size(), kAttachmentSegmentBytes - filled_);
    std::memcpy(segment_.MutableSecret().data() + filled_, padded.data(), size);
    filled_ += size;
    padded.remove_prefix(size);
    if (filled_ < kAttachmentSegmentBytes && filled_ < padded_left_) continue;
    if (absl::Status s = SealSegment(sink); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status AttachmentEncrypter::SealSegment(AttachmentSink sink) {
  const auto nonce = Nonce(index_++, /*last=*/filled_ == padded_left_);
  const auto sealed = AesGcmSeal(key_, View(nonce), "", segment_.RevealSecret().substr(0, filled_));
  if (!sealed.ok()) return sealed.status();
  padded_left_ -= std::exchange(filled_, 0);
  digest_.Add(*sealed);
  return sink(*sealed);
}

// --- decryption ---

absl::StatusOr<AttachmentDecrypter> AttachmentDecrypter::Create(const Secret& content_key, uint64_t file_bytes,
                                                                const Sha256Digest& digest) {
  if (absl::Status s = Check(content_key, file_bytes); !s.ok()) return s;
  return AttachmentDecrypter(SegmentKey(content_key), file_bytes, digest);
}

AttachmentDecrypter::AttachmentDecrypter(Secret key, uint64_t file_bytes, const Sha256Digest& digest)
    : key_(std::move(key)),
      file_bytes_(file_bytes),
      expected_(digest),
      ciphertext_left_(AttachmentCiphertextBytes(file_bytes)),
      file_left_(file_bytes) {}

absl::Status AttachmentDecrypter::Add(std::string_view ciphertext, AttachmentSink sink) {
  if (failed_) return absl::DataLossError("attachment: refused before");
  while (!ciphertext.empty()) {
    const uint64_t whole = std::min<uint64_t>(kSealedSegmentBytes, ciphertext_left_);
    absl::Status status;
    if (whole == 0) {
      status = absl::DataLossError("attachment: longer than its message says");
    } else {
      const std::size_t size = std::min<std::size_t>(ciphertext.size(), whole - segment_.size());
      segment_.append(ciphertext.substr(0, size));
      ciphertext.remove_prefix(size);
      if (segment_.size() == whole) status = OpenSegment(sink);
    }
    if (status.ok()) continue;
    failed_ = true;
    return status;
  }
  return absl::OkStatus();
}

absl::Status AttachmentDecrypter::OpenSegment(AttachmentSink sink) {
  const auto nonce = Nonce(index_, /*last=*/segment_.size() == ciphertext_left_);
  const auto opened = AesGcmOpen(key_, View(nonce), "", segment_);
  if (!opened.ok()) return absl::DataLossError("attachment: a part of it doesn't authenticate");
  digest_.Add(segment_);
  ciphertext_left_ -= segment_.size();
  segment_.clear();
  std::string_view file = opened->RevealSecret();
  if (index_++ == 0) {
    // Authentic, so another length is the sender's own contradiction.
    if (file.substr(0, kLengthBytes) != View(LengthPrefix(file_bytes_))) {
      return absl::DataLossError("attachment: its length isn't the one that its message says");
    }
    file.remove_prefix(kLengthBytes);
  }
  file = file.substr(0, static_cast<std::size_t>(std::min<uint64_t>(file.size(), file_left_)));
  file_left_ -= file.size();
  return file.empty() ? absl::OkStatus() : sink(file);
}

absl::Status AttachmentDecrypter::Finish() {
  if (failed_) return absl::DataLossError("attachment: refused before");
  failed_ = true;
  if (ciphertext_left_ > 0) return absl::DataLossError("attachment: shorter than its message says");
  if (digest_.Finish() != expected_) return absl::DataLossError("attachment: not the one that its message names");
  failed_ = false;
  return absl::OkStatus();
}

}  // namespace labyrinth::crypto
