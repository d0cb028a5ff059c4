#include "client/attachments/attachment.h"

namespace labyrinth::client {

void EncodeAttachment(const Attachment& attachment, content::v1::Attachment& out) {
  out.set_name(attachment.name.str());
  out.set_content_key(std::string(attachment.content_key.RevealSecret()));
  out.set_digest(attachment.digest.str());
  out.set_size_bytes(attachment.size_bytes);
  out.set_file_name(attachment.file_name);
  out.set_media_type(attachment.media_type);
}

std::optional<Attachment> DecodeAttachment(const content::v1::Attachment& in) {
  const auto name = crypto::AttachmentName::From(in.name());
  const auto digest = crypto::Sha256Digest::From(in.digest());
  if (!name || !digest || in.content_key().size() != crypto::kAttachmentKeyBytes ||
      in.size_bytes() > crypto::kAttachmentFileBytes || in.file_name().size() > kAttachmentFileNameBytes ||
      in.media_type().size() > kAttachmentMediaTypeBytes) {
    return std::nullopt;
  }
  return Attachment{.name = *name,
                    .content_key = crypto::Secret::CopyOf(in.content_key()),
                    .digest = *digest,
                    .size_bytes = in.size_bytes(),
                    .file_name = in.file_name(),
                    .media_type = in.media_type()};
}

}  // namespace labyrinth::client
