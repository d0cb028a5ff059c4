// What a person watching the demo sees: scenes, claims that were really checked, and the count at the end.
#ifndef LABYRINTH_TOOLS_DEMO_STAGE_H_
#define LABYRINTH_TOOLS_DEMO_STAGE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/errors.h"
#include "common/text.h"

namespace labyrinth::demo {

// Prints scenes to stdout and stops the story at the first claim that doesn't hold. Not thread-safe.
class Stage {
 public:
  // "save", then what it is going to show.
  void BeginScene(std::string_view name, std::string_view about);
  void Say(const std::string& line);

  // A claim, checked just now. Each returns OK if it holds and otherwise an error that names the claim.
  absl::Status Claim(bool holds, const std::string& claim);
  // The call must have been refused for exactly this reason.
  absl::Status ClaimRefused(const absl::Status& status, Reason reason, const std::string& what);

  // Ends a scene that went well.
  void EndScene();

  int claims() const { return claims_; }
  int scenes() const { return scenes_; }
  double seconds() const;

  // A bar on stderr, if that is a terminal. `total` 0: unknown.
  void Progress(std::string_view what, uint64_t done, uint64_t total);
  void ClearProgress();

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point scene_start_ = start_;
  int claims_ = 0;
  int scenes_ = 0;
  bool bar_shown_ = false;
};

// "1.4 s", "12.3 ms".
std::string Duration(double seconds);

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_STAGE_H_
