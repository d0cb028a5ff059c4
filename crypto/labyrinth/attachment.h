// An attachment's names and its content's encryption (protocol section 7). The format of the content is ours.
//
//   plaintext  P = u32be(L) || file || zeros, padded to 4 + PaddedLength(L) bytes (section 1's padding, over the whole)
//   segments   P cut every 64 KiB; the last one has 1 to 65536 bytes
//   key        kdf(K, null, "labyrinth_att_content_v1")
//   segment i  AES-256-GCM(key, nonce = 7 zero bytes || u32be(i) || last, no aad, segment), its 16-byte tag at the end;
//              `last` is 1 for the last segment, 0 for the others
//   ciphertext the segments, one after another; the digest in the message is its SHA-256
//
// The counter in the nonce finds segments that were exchanged or left out, the flag finds a truncated or extended end.
// K encrypts one content once: a second content under the same K would repeat nonces, so whoever can't finish an upload
// either sends the same bytes again or draws a new K.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ATTACHMENT_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ATTACHMENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/sha256_stream.h"

namespace labyrinth::crypto {

// A: random, one per attachment and mailbox. As secret as K, since a member's scalar and A make the points.
using AttachmentName = FixedBytes<16, struct AttachmentNameTag>;

inline constexpr std::size_t kAttachmentKeyBytes = 32;
inline constexpr std::size_t kAttachmentSegmentBytes = 64 * 1024;  // of plaintext
// The longest file, bytes: what clients agreed to hold back from mailboxes. The format itself would reach 4 GiB.
inline constexpr uint64_t kAttachmentFileBytes = uint64_t{100} * 1024 * 1024;

// What the server sees of A at the moment of a call.
struct AttachmentPoints {
  Point reference;  // P_ref = client_map(k, "labyrinth_att_ref", A)
  Point owner;      // P_own = client_map(k, "labyrinth_att_own", A)
};
AttachmentPoints MapAttachment(const OrfClientState& orf, const AttachmentName& name);

// The ciphertext's bytes for a file of `file_bytes` (at most kAttachmentFileBytes): 16 a segment beyond the padded
// plaintext.
uint64_t AttachmentCiphertextBytes(uint64_t file_bytes);

// Takes what was produced; its error ends the operation and is returned as it is.
using AttachmentSink = absl::FunctionRef<absl::Status(std::string_view)>;

// File in, ciphertext out, in pieces of any size; holds one segment. Deterministic. Thread-compatible.
class AttachmentEncrypter {
 public:
  // INVALID_ARGUMENT for a key that isn't 32 bytes or a file above kAttachmentFileBytes.
  static absl::StatusOr<AttachmentEncrypter> Create(const Secret& content_key, uint64_t file_bytes);

  // FAILED_PRECONDITION if the file has more bytes than Create was told.
  absl::Status Add(std::string_view file, AttachmentSink sink);
  // FAILED_PRECONDITION if it has fewer. Produces the rest; the ciphertext's digest.
  absl::StatusOr<Sha256Digest> Finish(AttachmentSink sink);

 private:
  AttachmentEncrypter(Secret key, uint64_t file_bytes);
  absl::Status Append(std::string_view padded, AttachmentSink sink);
  absl::Status SealSegment(AttachmentSink sink);

  Secret key_;
  uint64_t file_left_;
  uint64_t padding_left_;
  uint64_t padded_left_;  // not sealed yet, `segment_` included
  uint32_t index_ = 0;
  Secret segment_;
  std::size_t filled_ = 0;
  Sha256Stream digest_;
};

// Ciphertext in, file out, in pieces of any size; holds one segment. What reaches the sink was authenticated as this
// content's bytes at this place; only Finish says that nothing is missing, so nothing may be shown as the file before.
// Every failure is DATA_LOSS with a text that names it, and final. Thread-compatible.
class AttachmentDecrypter {
 public:
  // `file_bytes` and `digest` are the message's. INVALID_ARGUMENT as above.
  static absl::StatusOr<AttachmentDecrypter> Create(const Secret& content_key, uint64_t file_bytes,
                                                    const Sha256Digest& digest);

  // DATA_LOSS: a segment doesn't authenticate, names another length, or follows the last one.
  absl::Status Add(std::string_view ciphertext, AttachmentSink sink);
  // DATA_LOSS: the ciphertext is shorter than the file's, or isn't the one of the digest.
  absl::Status Finish();

 private:
  AttachmentDecrypter(Secret key, uint64_t file_bytes, const Sha256Digest& digest);
  absl::Status OpenSegment(AttachmentSink sink);

  Secret key_;
  const uint64_t file_bytes_;
  Sha256Digest expected_;
  uint64_t ciphertext_left_;  // not opened yet, `segment_` included
  uint64_t file_left_;
  uint32_t index_ = 0;
  std::string segment_;
  Sha256Stream digest_;
  bool failed_ = false;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ATTACHMENT_H_
