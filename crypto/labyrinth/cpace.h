// CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21, with an initiator and a responder: two parties that hold the same
// short password get the same key; whoever is between them has one guess of the password a run, and none afterwards.
//
// The group, its derivation of elements and its scalars are libsodium's (crypto/primitives/ristretto.h); what stands
// here is the draft's strings.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_CPACE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_CPACE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kCpaceSessionKeyBytes = 64;  // ISK

// One party's half of one run. Start draws its scalar; Finish ends it. The other party's identity is known only once
// something made with the session key has been checked: a wrong password gives another key here, not an error.
// Move-only; wipes the scalar; thread-compatible.
class CpaceRun {
 public:
  enum class Role { kInitiator, kResponder };

  // `password` is the draft's PRS, `channel_id` its CI, `session_id` its sid: all the same on both sides. A session id
  // is never used twice with one password.
  static CpaceRun Start(Role role, const Secret& password, std::string_view channel_id, std::string_view session_id,
                        RandomSource& random);

  // Ya or Yb: what the other side gets. Public.
  const Point& share() const { return share_; }

  // ISK. `associated_data` and `peer_associated_data` are ADa and ADb, each from its own side's view. The run is over
  // with it. INVALID_ARGUMENT for a share that isn't a canonical encoding of an element other than the identity, and
  // for a run that is over: no key comes of either.
  absl::StatusOr<Secret> Finish(std::string_view associated_data, std::string_view peer_share,
                                std::string_view peer_associated_data);

 private:
  CpaceRun(Role role, std::string_view session_id, Scalar scalar, const Point& share)
      : role_(role), session_id_(session_id), scalar_(std::move(scalar)), share_(share) {}

  Role role_;
  std::string session_id_;
  std::optional<Scalar> scalar_;  // until Finish
  Point share_;
};

// The draft's functions, for known answers.
namespace cpace {

// prepend_len: the length as LEB128, then the bytes.
void AppendWithLength(std::string& out, std::string_view bytes);

// generator_string(DSI, PRS, CI, sid, s_in_bytes) = lv_cat(DSI, PRS, zero_bytes(len_zpad), CI, sid) with
// len_zpad = MAX(0, s_in_bytes - len(prepend_len(PRS)) - len(prepend_len(DSI)) - 1)
Secret GeneratorString(const Secret& password, std::string_view channel_id, std::string_view session_id);

// calculate_generator: element_derivation(SHA-512(generator_string)). As secret as the password, which can be guessed
// from it: the caller wipes it.
Point Generator(const Secret& password, std::string_view channel_id, std::string_view session_id);

// scalar_mult_vfy. INVALID_ARGUMENT where the draft returns G.I.
absl::StatusOr<Secret> ScalarMultVerify(const Scalar& scalar, std::string_view share);

// transcript_ir(Ya, ADa, Yb, ADb) = lv_cat(Ya, ADa) || lv_cat(Yb, ADb)
std::string Transcript(std::string_view initiator_share, std::string_view initiator_data,
                       std::string_view responder_share, std::string_view responder_data);

// ISK = SHA-512(lv_cat(DSI || "_ISK", sid, K) || transcript)
Secret SessionKey(std::string_view session_id, const Secret& shared_point, std::string_view transcript);

}  // namespace cpace

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_CPACE_H_
