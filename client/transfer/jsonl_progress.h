// What an interrupted export had finished.
#ifndef LABYRINTH_CLIENT_TRANSFER_JSONL_PROGRESS_H_
#define LABYRINTH_CLIENT_TRANSFER_JSONL_PROGRESS_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "client/transfer/output_folder.h"

namespace labyrinth::client {

// The file `progress.jsonl` of an export's folder: a head line, then one line a finished thread. Only a hint: a thread
// is reused after its file's digest was checked. Move-only; thread-compatible.
class JsonlProgressFile {
 public:
  struct Thread {
    std::string newest;            // the newest row, as it was listed
    nlohmann::ordered_json entry;  // the thread's line of the index
  };

  static constexpr char kName[] = "progress.jsonl";

  struct Loaded {
    bool ours = false;                      // the file is there, with a head line of ours
    bool same_mailbox = false;              // and the mailbox had the same fingerprint: what it names may be reused
    std::map<std::string, Thread> threads;  // that an earlier run finished, by name
  };
  // Lines that are damaged are left out.
  static absl::StatusOr<Loaded> Load(const OutputFolder& folder, const std::string& fingerprint);

  // Goes on with the file that was loaded (`keep`), or replaces it by an empty one.
  static absl::StatusOr<JsonlProgressFile> Start(const OutputFolder& folder, const std::string& fingerprint, bool keep);

  absl::Status Add(const std::string& name, const Thread& thread);

 private:
  explicit JsonlProgressFile(OutputFile file) : file_(std::move(file)) {}
  OutputFile file_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_JSONL_PROGRESS_H_
