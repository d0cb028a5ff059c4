// What all commands share.
#ifndef LABYRINTH_TOOLS_LABYRINTH_CONTEXT_H_
#define LABYRINTH_TOOLS_LABYRINTH_CONTEXT_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "common/clock.h"
#include "tools/cli/output.h"
#include "tools/labyrinth/settings.h"

namespace labyrinth::cli {

// The flags before the command.
struct GlobalFlags {
  std::string profile;
  std::string endpoint;
  std::string ca_file;
  std::string server_name;
  std::string account;
  std::string token_file;
  std::string output = "text";
  bool dev = false;
};

// One run of one command. Thread-compatible.
class Context {
 public:
  explicit Context(const GlobalFlags& flags);

  const std::string& profile() const { return profile_; }
  Output& out() { return out_; }
  const Clock& clock() const { return clock_; }

  // For `init` and `join`: makes the profile if it is missing, and remembers what the flags say once they were
  // accepted. Usage error: a flag is missing or contradicts another.
  absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> OpenNewClient();
  // For all others. NOT_FOUND: there is no such profile. Flags win over what the profile remembers.
  absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> OpenClient();

  // Changes what the profile remembers, with the profile locked; nothing is asked of the server. NOT_FOUND as above.
  absl::StatusOr<Settings> Remember(absl::FunctionRef<void(Settings&)> change);

  // The account's name, as messages show it. After one of the above.
  const std::string& account() const { return settings_.account; }

 private:
  absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> Open();
  // The flags over `remembered`, over the defaults.
  absl::Status Settle(const Settings& remembered);

  const GlobalFlags flags_;
  const std::string profile_;
  Output out_;
  SystemClock clock_;
  Settings settings_;
};

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_CONTEXT_H_
