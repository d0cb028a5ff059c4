// Tricks with signing in (protocol section 9).
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

// Signs in anew, since every process does.
Verdict SignsIn(Scene& scene) {
  scene.laptop().Restart();
  return Said(scene.laptop()->mailbox().Info());
}

Verdict OldChallenge(Scene& scene) {
  scene.laptop().Restart();
  (void)scene.laptop()->mailbox().Info();
  const std::string used = scene.Heard<v1::CreateChallengeResponse>().back().challenge();
  scene.Tell<v1::CreateChallengeResponse>([used](auto& reply) { reply.set_challenge(used); });
  return SignsIn(scene);
}
// A device signs nothing that the server chose alone, nor much of what it chose.
Verdict LongChallenge(Scene& scene) {
  scene.Tell<v1::CreateChallengeResponse>([](auto& reply) { reply.set_challenge(std::string(257, 'x')); });
  return SignsIn(scene);
}
Verdict OtherDevicesChallenge(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Ask<v1::CreateChallengeRequest>([](auto& request) { request.set_device_id(request.device_id() ^ 1); });
  scene.Tell<v1::CreateChallengeResponse>([](auto& reply) { reply.clear_expire_ms(); });
  return SignsIn(scene);
}
Verdict OtherDevicesSession(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->mailbox().Info();
  const std::string token = scene.Heard<v1::CreateSessionResponse>().back().session_token();
  scene.Tell<v1::CreateSessionResponse>([token](auto& reply) { reply.set_session_token(token); });
  return SignsIn(scene);
}
Verdict EmptySession(Scene& scene) {
  scene.Tell<v1::CreateSessionResponse>([](auto& reply) { reply.clear_session_token(); });
  return SignsIn(scene);
}

}  // namespace

std::vector<Case> SessionCases() {
  return {
      {"used challenge", "gives a challenge again that was answered",
       Error(Reason::kProofInvalid, "challenge: already used"), "", OldChallenge},
      {"challenge of its own length", "has a device sign more than a challenge",
       DataLoss("sign-in: the server's challenge is malformed"), "", LongChallenge},
      {"another device's challenge", "has a device answer the challenge of another one",
       Error(Reason::kProofInvalid, "challenge: not made for this account and device"), "", OtherDevicesChallenge},
      {"another account's session", "gives a device the session of another account",
       DataLoss("membership log: entry 0: log_entry.account_id: is another account's"), "", OtherDevicesSession},
      {"no session", "takes the proof and gives no session",
       DataLoss("sign-in: the server's session token is malformed"), "", EmptySession},
  };
}

}  // namespace labyrinth::malicious
