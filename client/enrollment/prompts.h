// The people beside the two devices of a one-time code (protocol section 4): what they are asked and shown.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_PROMPTS_H_
#define LABYRINTH_CLIENT_ENROLLMENT_PROMPTS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// A new device's wish to join, as either side shows it. Value type.
struct JoinRequest {
  // The new device's (client/fingerprint.h). The same on both screens, unless somebody stands between, and the one that
  // it is listed with later; the code proves it in any case.
  std::string fingerprint;
  std::string sealed_label;  // opaque: no member can read it yet
};

// Why a code is asked for.
enum class CodeAsk {
  kFirst,
  kMalformed,  // what was typed aren't six digits; no guess was spent
  kWrong,      // what was typed isn't the other device's code: a guess was spent
};
struct CodeQuestion {
  CodeAsk why = CodeAsk::kFirst;
  int guesses_left = 0;   // this one included
  int64_t expire_ms = 0;  // Unix milliseconds; a code that comes later is worth nothing
};

// The person at the new device. The library calls from the thread that called it, one call at a time, and waits as long
// as they take.
class JoinPrompts {
 public:
  virtual ~JoinPrompts() = default;

  // The request is out: time for the person to go to the other device.
  virtual void Waiting(const JoinRequest& request) = 0;
  // The other device shows a code: what was typed. White space and hyphens don't matter. An error ends everything.
  virtual absl::StatusOr<crypto::Secret> TypeCode(const CodeQuestion& question) = 0;
  // Asked several times a second while the library waits. False ends everything, with CANCELLED.
  virtual bool GoOn() { return true; }
};

// The person at the member. As above.
class ApprovePrompts {
 public:
  virtual ~ApprovePrompts() = default;

  // Whether the person wants that device in, and has it at hand. `codes_left` of today's, this one included.
  virtual bool Consent(const JoinRequest& request, int codes_left) = 0;
  // To be shown until CodeOver: "123 456". Worth nothing after `expire_ms` (Unix milliseconds).
  virtual void ShowCode(const JoinRequest& request, const crypto::Secret& code, int64_t expire_ms) = 0;
  // The other device holds another code: mistyped, or somebody guesses.
  virtual void WrongCode(int guesses_left) = 0;
  // Once after ShowCode, whatever came of it: the code is worth nothing any more.
  virtual void CodeOver() = 0;
  virtual bool GoOn() { return true; }
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_PROMPTS_H_
