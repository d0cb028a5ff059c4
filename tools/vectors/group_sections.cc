#include <fmt/format.h>

#include <array>
#include <optional>

#include "crypto/labyrinth/orf_client.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::OrfClientState;
using crypto::OrfServerState;
using crypto::Point;
using crypto::Scalar;
using crypto::Secret;

// RFC 9496 appendix A.1, the encoding of the generator.
constexpr std::string_view kGenerator = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";

absl::StatusOr<std::string> Bytes(const absl::StatusOr<Point>& point) {
  if (!point.ok()) return point.status();
  return point->str();
}

absl::StatusOr<std::string> Bytes(const absl::StatusOr<crypto::MappedId>& id) {
  if (!id.ok()) return id.status();
  return id->str();
}

// The mapped id through both halves.
void ExpectMapped(Fields& f, const OrfClientState& client, const OrfServerState& server, Fields& domains) {
  const Point oblivious = client.Map(domains.Hex("client_domain"), domains.Hex("input"));
  f.Expect("oblivious_id", oblivious.view());
  f.Expect("mapped_id", Bytes(server.Map(domains.Hex("server_domain"), f.Hex("oblivious_id"))));
}

void RunEvolveStep(Fields& step, Fields& domains, OrfClientState& client, OrfServerState& server) {
  // A scalar is drawn as 64 bytes modulo the group order, so these yield the token itself.
  const std::string token = step.Hex("rotation_token");
  CaseRandom random(token + std::string(32, '\0'), step.outcome());
  OrfClientState::Evolution evolution = client.Evolve(random);
  step.Check(evolution.token.bytes().RevealSecret() == token, "rotation_token: another one was drawn");
  step.Expect("new_client_state", evolution.state.bytes());
  absl::StatusOr<OrfServerState> evolved = server.Evolve(token);
  if (!step.Ok(evolved, "rotation_token")) return;
  step.Expect("new_server_state", evolved->bytes());
  // Clients in the field send 1/t, by which the server then multiplies.
  const absl::StatusOr<Scalar> inverse = Scalar::Parse(step.Hex("rotation_token_inverse_form"));
  const absl::StatusOr<Scalar> before = Scalar::Parse(server.bytes().RevealSecret());
  if (step.Ok(inverse, "rotation_token_inverse_form") && step.Ok(before, "the server's state")) {
    step.Check(before->Times(*inverse).bytes().RevealSecret() == evolved->bytes().RevealSecret(),
               "rotation_token_inverse_form: gives another server state");
  }
  ExpectMapped(step, evolution.state, *evolved, domains);
  client = std::move(evolution.state);
  server = *std::move(evolved);
}

void RunOrfVector(Fields& f) {
  absl::StatusOr<OrfClientState> client = OrfClientState::Parse(f.SecretOf("client_state"));
  absl::StatusOr<OrfServerState> server = OrfServerState::Parse(f.SecretOf("server_state"));
  if (!f.Ok(client, "client_state") || !f.Ok(server, "server_state")) return;
  f.Expect("scoped_input", crypto::MacWithPublicKey(f.Hex("input"), f.Hex("client_domain")).view());
  f.Expect("hashed_point", crypto::HashToCurve(f.Hex("scoped_input")).view());
  const absl::StatusOr<Scalar> s = Scalar::Parse(server->bytes().RevealSecret());
  const absl::StatusOr<Point> oblivious = crypto::ParsePoint(f.Hex("oblivious_id"));
  if (!f.Ok(s, "server_state") || !f.Ok(oblivious, "oblivious_id")) return;
  f.Expect("server_point", Bytes(crypto::Multiply(*s, *oblivious)));
  ExpectMapped(f, *client, *server, f);
  f.ForEach("evolve_steps", [&](Fields& step) { RunEvolveStep(step, f, *client, *server); });
}

// Each names one input that must be refused, beside vector 0's others.
void RunOrfRefusal(Section& section, Fields& f) {
  Fields first = section.First("vectors", f.outcome());
  const absl::StatusOr<OrfServerState> server = OrfServerState::Parse(first.SecretOf("server_state"));
  if (!f.Ok(server, "vectors[0] server_state")) return;
  if (f.Has("client_state")) {
    f.ExpectRefused(OrfClientState::Parse(f.SecretOf("client_state")), "client_state");
  } else if (f.Has("server_state")) {
    f.ExpectRefused(OrfServerState::Parse(f.SecretOf("server_state")), "server_state");
  } else if (f.Has("rotation_token")) {
    f.ExpectRefused(server->Evolve(f.Hex("rotation_token")), "rotation_token");
  } else {
    f.ExpectRefused(server->Map(first.Hex("server_domain"), f.Hex("oblivious_id")), "oblivious_id");
  }
}

}  // namespace

void RunRistretto(Section& section) {
  section.ForEach("hash_to_curve", [](Fields& f) {
    const std::string input = f.Hex("input");
    f.Expect("sha512", crypto::Sha512(input).view());
    f.Expect("point", crypto::HashToCurve(input).view());
  });
  uint8_t multiple = 0;
  section.ForEachHex("base_multiples_1_to_8", [&multiple](const std::string& expected, Outcome& outcome) {
    std::string scalar(32, '\0');
    scalar[0] = static_cast<char>(++multiple);
    const absl::StatusOr<Scalar> n = Scalar::Parse(scalar);
    const absl::StatusOr<Point> base = crypto::ParsePoint(*FromHex(kGenerator));
    if (!n.ok() || !base.ok()) return outcome.Fail("the scalar or the generator was refused");
    if (Bytes(crypto::Multiply(*n, *base)).value_or("") != expected) outcome.Fail("differs");
    if (!crypto::ParsePoint(expected).ok()) outcome.Fail("not taken for a point");
  });
  section.ForEachHex("bad_encodings", [](const std::string& bytes, Outcome& outcome) {
    if (crypto::ParsePoint(bytes).ok()) outcome.Fail("accepted");
  });
  section.Single("identity", [](Fields& f) {
    f.Expect("identity", std::string(32, '\0'));
    f.ExpectRefused(crypto::ParsePoint(f.Hex("identity")), "identity");
  });
}

void RunOrf(Section& section) {
  section.ForEach("vectors", RunOrfVector);
  section.ForEach("must_fail", [&section](Fields& f) { RunOrfRefusal(section, f); });
}

}  // namespace labyrinth::vectors
