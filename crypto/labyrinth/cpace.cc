#include "crypto/labyrinth/cpace.h"

#include <algorithm>

#include "crypto/primitives/fatal.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace cpace {
namespace {

constexpr std::size_t kHashBlockBytes = 128;  // SHA-512's s_in_bytes
constexpr std::size_t kMaxLengthBytes = 10;   // LEB128 of 64 bits

std::size_t LengthBytes(std::size_t size) {
  std::size_t bytes = 1;
  for (; size >= 0x80; size >>= 7) ++bytes;
  return bytes;
}

// Room for everything at once, so that a string that grows leaves no copy of a secret behind.
std::string WithRoomFor(std::size_t bytes, std::size_t fields) {
  std::string out;
  out.reserve(bytes + fields * kMaxLengthBytes);
  return out;
}

}  // namespace

void AppendWithLength(std::string& out, std::string_view bytes) {
  std::size_t length = bytes.size();
  for (; length >= 0x80; length >>= 7) out.push_back(static_cast<char>((length & 0x7f) | 0x80));
  out.push_back(static_cast<char>(length));
  out.append(bytes);
}

Secret GeneratorString(const Secret& password, std::string_view channel_id, std::string_view session_id) {
  const std::string_view dsi = domains::kCpace;
  const std::size_t used = LengthBytes(password.size()) + password.size() + LengthBytes(dsi.size()) + dsi.size() + 1;
  const std::string zeros(kHashBlockBytes - std::min(used, kHashBlockBytes), '\0');

  std::string out =
      WithRoomFor(dsi.size() + password.size() + zeros.size() + channel_id.size() + session_id.size(), /*fields=*/5);
  AppendWithLength(out, dsi);
  AppendWithLength(out, password.RevealSecret());
  AppendWithLength(out, zeros);
  AppendWithLength(out, channel_id);
  AppendWithLength(out, session_id);
  return Secret::TakeAndWipe(std::move(out));
}

Point Generator(const Secret& password, std::string_view channel_id, std::string_view session_id) {
  const Secret string = GeneratorString(password, channel_id, session_id);
  // ristretto255_from_hash(SHA-512(.)), which is the draft's element derivation over its 64-byte hash.
  return HashToCurve(string.RevealSecret());
}

absl::StatusOr<Secret> ScalarMultVerify(const Scalar& scalar, std::string_view share) {
  const absl::StatusOr<Point> point = ParsePoint(share);
  if (!point.ok()) return point.status();
  absl::StatusOr<Point> product = Multiply(scalar, *point);
  if (!product.ok()) return product.status();
  Secret out = Secret::CopyOf(product->view());
  WipeBytes(product->data(), Point::kSize);
  return out;
}

std::string Transcript(std::string_view initiator_share, std::string_view initiator_data,
                       std::string_view responder_share, std::string_view responder_data) {
  std::string out;
  AppendWithLength(out, initiator_share);
  AppendWithLength(out, initiator_data);
  AppendWithLength(out, responder_share);
  AppendWithLength(out, responder_data);
  return out;
}

Secret SessionKey(std::string_view session_id, const Secret& shared_point, std::string_view transcript) {
  const std::string_view dsi = domains::kCpaceSessionKey;
  std::string input =
      WithRoomFor(dsi.size() + session_id.size() + shared_point.size() + transcript.size(), /*fields=*/3);
  AppendWithLength(input, dsi);
  AppendWithLength(input, session_id);
  AppendWithLength(input, shared_point.RevealSecret());
  input.append(transcript);
  const Secret hashed = Secret::TakeAndWipe(std::move(input));

  Sha512Digest digest = Sha512(hashed.RevealSecret());
  Secret out = Secret::CopyOf(digest.view());
  WipeBytes(digest.data(), Sha512Digest::kSize);
  WipeDeadStack();
  return out;
}

}  // namespace cpace

CpaceRun CpaceRun::Start(Role role, const Secret& password, std::string_view channel_id, std::string_view session_id,
                         RandomSource& random) {
  Scalar scalar = Scalar::Random(random);
  Point generator = cpace::Generator(password, channel_id, session_id);
  const absl::StatusOr<Point> share = Multiply(scalar, generator);
  WipeBytes(generator.data(), Point::kSize);
  // A password whose generator is the identity would be a preimage of a hash: it doesn't happen.
  Require(share.ok(), "a generator was the identity");
  return CpaceRun(role, session_id, std::move(scalar), *share);
}

absl::StatusOr<Secret> CpaceRun::Finish(std::string_view associated_data, std::string_view peer_share,
                                        std::string_view peer_associated_data) {
  if (!scalar_.has_value()) return absl::InvalidArgumentError("CPace: this run is over");
  const absl::StatusOr<Secret> shared = cpace::ScalarMultVerify(*scalar_, peer_share);
  scalar_.reset();
  if (!shared.ok()) return shared.status();
  const std::string transcript =
      role_ == Role::kInitiator ? cpace::Transcript(share_.view(), associated_data, peer_share, peer_associated_data)
                                : cpace::Transcript(peer_share, peer_associated_data, share_.view(), associated_data);
  return cpace::SessionKey(session_id_, *shared, transcript);
}

}  // namespace labyrinth::crypto
