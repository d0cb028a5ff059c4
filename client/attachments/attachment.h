// What names a file beside a message, and what its writer says about it (protocol section 7).
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENT_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/labyrinth/attachment.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "proto/labyrinth/content/v1/envelope.pb.h"

namespace labyrinth::client {

inline constexpr std::size_t kAttachmentFileNameBytes = 255;
inline constexpr std::size_t kAttachmentMediaTypeBytes = 127;

// Everything of it belongs inside the encrypted message and nowhere else: whoever is a member and has it can read the
// file. Move-only; thread-compatible.
struct Attachment {
  crypto::AttachmentName name;  // A
  crypto::Secret content_key;   // K
  crypto::Sha256Digest digest;  // of the ciphertext
  uint64_t size_bytes = 0;      // of the file
  std::string file_name = {};   // the writer's word: never a path to write to (client/attachments/safe_name.h)
  std::string media_type = {};  // the writer's word; may be empty

  Attachment Clone() const { return {name, content_key.Clone(), digest, size_bytes, file_name, media_type}; }
};

// As it stands inside a message. Products with another content format may use their own.
void EncodeAttachment(const Attachment& attachment, content::v1::Attachment& out);
// nullopt for fields out of bounds. Texts are UTF-8, as protobuf has checked.
std::optional<Attachment> DecodeAttachment(const content::v1::Attachment& in);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENT_H_
