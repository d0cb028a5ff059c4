// Removing a device or a recovery code: what `revoke` and `recovery revoke` share.
#ifndef LABYRINTH_TOOLS_LABYRINTH_REVOKE_H_
#define LABYRINTH_TOOLS_LABYRINTH_REVOKE_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/command.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {

struct RevokeFlags {
  std::string device;
  bool no_rotate = false;
  bool keep_added = false;
  bool yes = false;
};

void AddRevokeFlags(Command command, RevokeFlags& flags, const std::string& noun);

// Shows which other members go with it. Asks for the handle to be typed back on a terminal, else needs --yes.
// `codes_only`: NOT_FOUND for a device's handle.
absl::Status Revoke(Context& context, const RevokeFlags& flags, bool codes_only);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_REVOKE_H_
