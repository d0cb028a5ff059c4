// What the scenes of one run share, and the devices in it.
#ifndef LABYRINTH_TOOLS_DEMO_STORY_H_
#define LABYRINTH_TOOLS_DEMO_STORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/transfer/messenger_export.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "tools/demo/plaintext_search.h"
#include "tools/demo/server_process.h"
#include "tools/demo/stage.h"

namespace labyrinth::demo {

inline constexpr char kAccount[] = "ann";

// Not thread-safe, but for what a scene hands to a thread of its own.
struct Story {
  Stage stage;
  std::string server_binary;
  std::string export_path;
  std::string folder;  // everything of this run lies below it

  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<client::LabyrinthClient> laptop;
  std::unique_ptr<client::LabyrinthClient> phone;
  std::optional<crypto::Secret> code;  // the recovery code, as a person would have it on paper

  uint64_t messages = 0;         // imported
  crypto::Sha256Digest history;  // hash over everything that the laptop reads
  std::string sample_thread;     // the thread with the newest message

  std::string ProfileOf(const std::string& device) const { return folder + "/profiles/" + device; }
  std::string data_dir() const { return folder + "/data"; }
  std::string log_file() const { return folder + "/labyrinthd.log"; }

  ServerProcess::Options ServerOptions() const;
  client::ClientOptions ClientOptions() const;
  absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> OpenDevice(const std::string& device) const;
};

// What a device reads of the whole mailbox, oldest first.
struct Reading {
  uint64_t messages = 0;
  crypto::Sha256Digest hash;  // over ids, times and contents, in order
};

// Every message must be verified: a tampered one is an error that says how.
absl::StatusOr<Reading> ReadEverything(client::LabyrinthClient& device);

// The scenes, in order. Each stops at the first claim that doesn't hold.
absl::Status SceneStart(Story& story);
absl::Status SceneSave(Story& story);
absl::Status SceneRead(Story& story);
absl::Status SceneWhatTheServerHas(Story& story);
absl::Status SceneSecondDevice(Story& story);
absl::Status SceneRevoke(Story& story);
absl::Status SceneLoseIt(Story& story);

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_STORY_H_
