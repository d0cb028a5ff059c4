// Reads a Messenger data export (the JSON form of "Download your information").
#ifndef LABYRINTH_CLIENT_TRANSFER_MESSENGER_EXPORT_H_
#define LABYRINTH_CLIENT_TRANSFER_MESSENGER_EXPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::client {

// All text is UTF-8, repaired from the export's escaping (RepairLatin1).
struct ExportThread {
  std::string path;   // "inbox/ann_123": names the thread in import ids, so it doesn't depend on where the export lies
  std::string title;  // the path if the export has none
  std::vector<std::string> participants;
};

struct ExportMessage {
  std::string sender;  // empty if the export has none
  int64_t timestamp_ms = 0;
  // The text, then a shared link unless the text has it, then a line in brackets that names what isn't imported
  // ("[not imported: 2 photos]"). Reactions aren't named: they change after the message, and import ids hash this.
  std::string content;
};

// What stays behind, or looked odd, and doesn't stop an import.
struct ExportOmissions {
  uint64_t photos = 0, videos = 0, audio_files = 0, gifs = 0, files = 0, stickers = 0, calls = 0, reactions = 0;
  uint64_t repeated_messages = 0;  // same sender, time and content within one file: dropped
  uint64_t messages_without_sender = 0;
  uint64_t messages_without_content = 0;  // nothing at all that could be named
  uint64_t unrepaired_strings = 0;        // kept as they were

  ExportOmissions& operator+=(const ExportOmissions& other);
};

struct ExportSummary {
  uint64_t threads = 0;
  uint64_t messages = 0;       // after repeated ones were dropped
  uint64_t content_bytes = 0;  // of sender and content together
  ExportOmissions omissions;
};

// One message_N.json. Its messages are in order of time, oldest first; among equal times in the order that they were
// sent in, as far as the export tells (Messenger writes newest first).
struct ExportPart {
  ExportThread thread;
  bool first_of_thread = false;
  bool last_of_thread = false;
  std::vector<ExportMessage> messages;
  ExportOmissions omissions;
};

// Bounds against a hostile export; over one, the export is refused.
struct ExportLimits {
  uint64_t file_bytes = 64u << 20;           // one inflated message_N.json; real ones hold 10,000 messages
  uint64_t total_bytes = uint64_t{1} << 36;  // all of them inflated
  uint64_t files = 200'000;                  // only their names stay in memory
  uint32_t json_depth = 32;
  uint64_t content_bytes = 200'000;  // one message and its sender, below what a sealed message may hold
  uint64_t title_bytes = 4'096;      // a thread's title or path; every message carries the title
};

// An export on disk: a zip file, a folder, or one message_N.json. Any root folder will do; threads lie in inbox/,
// archived_threads/, message_requests/, filtered_threads/ or e2ee_cutover/, in message_1.json (the newest),
// message_2.json and so on. Memory holds one file at a time, and the list of file names. Nothing is ever unpacked or
// written, and links aren't followed. Thread-compatible.
class MessengerExport {
 public:
  // NOT_FOUND: no such file. INVALID_ARGUMENT: not an export, no messages in it, a file name with "..", an absolute
  // path or control characters, a file twice, or too many files. The text names the file.
  static absl::StatusOr<MessengerExport> Open(const std::string& path, const ExportLimits& limits = {});

  MessengerExport(MessengerExport&&) noexcept;
  MessengerExport& operator=(MessengerExport&&) noexcept;
  ~MessengerExport();

  uint64_t file_count() const;

  // Calls `visit` for every file: threads in bytewise order of their folders, within a thread the highest number, the
  // oldest messages, first. Stops at the first error: `visit`'s own, or INVALID_ARGUMENT naming the file and what is
  // wrong with it ("inbox/ann_1/message_1.json: messages[3].timestamp_ms: expected a whole number").
  absl::Status ForEachPart(const std::function<absl::Status(ExportPart)>& visit) const;

  // A first pass over everything, so that an import can refuse a malformed export before it saves anything.
  // `on_file(done, file_count())` after each file; may be empty. CANCELLED when it returns false.
  absl::StatusOr<ExportSummary> Validate(const std::function<bool(uint64_t, uint64_t)>& on_file = nullptr) const;

 private:
  struct State;
  explicit MessengerExport(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_MESSENGER_EXPORT_H_
