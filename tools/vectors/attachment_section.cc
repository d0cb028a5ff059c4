#include "crypto/labyrinth/attachment.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

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

}  // namespace

void RunAttachmentReferences(Section& section) { section.ForEach("vectors", RunReference); }

}  // namespace labyrinth::vectors
