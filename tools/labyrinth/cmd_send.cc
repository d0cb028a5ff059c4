#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/transfer/chat_content.h"
#include "client/transfer/messenger_export.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/bytes.h"
#include "common/text.h"
#include "crypto/primitives/system_random.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinth/attachment_files.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/thread_name.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

constexpr std::size_t kMessageIdBytes = 16;

// Threads that were started here; their ids come from the title, so that two devices start the same one.
constexpr char kStartedHere[] = "labyrinth/";

// As much as an imported message may have: the rest of the 256 KiB is for sealing and padding.
const std::size_t kTextBytes = client::ExportLimits().content_bytes;

struct SendFlags {
  std::string thread;
  std::optional<std::string> text;
  std::string expire;
  std::vector<std::string> attach;
};

absl::Status TooLong() {
  return absl::InvalidArgumentError(fmt::format("the text is longer than {} bytes", kTextBytes));
}

// With files, a message needs no text.
absl::StatusOr<std::string> ReadText(const SendFlags& flags) {
  const std::string flag = flags.text.value_or(flags.attach.empty() ? "-" : "");
  std::string text = flag;
  if (flag == "-") {
    text.clear();
    std::array<char, 4096> buffer;
    for (ssize_t n; (n = ::read(STDIN_FILENO, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
      if (text.size() > kTextBytes) return TooLong();
    }
    while (text.ends_with('\n')) text.pop_back();
  }
  if (text.empty() && flags.attach.empty()) return Usage("TEXT: nothing to send");
  if (text.size() > kTextBytes) return TooLong();
  if (!client::IsValidUtf8(text)) return absl::InvalidArgumentError("the text is not UTF-8");
  return text;
}

// The named thread, or a new one of that title.
absl::StatusOr<NamedThread> FindOrStart(client::History& history, const std::string& name, bool& started) {
  absl::StatusOr<NamedThread> thread = FindThread(history, name);
  // What looks like a whole id isn't a title that anybody chose.
  started = absl::IsNotFound(thread.status()) && AsHandle(name).size() < 2 * kMessageIdBytes;
  if (!started) return thread;
  if (name.size() > client::kThreadTitleBytes || !client::IsValidUtf8(name) || name.empty()) {
    return Usage(fmt::format("THREAD: a title has 1 to {} bytes of UTF-8", client::kThreadTitleBytes));
  }
  absl::StatusOr<crypto::ImportIds> ids = history.ImportIds();
  if (!ids.ok()) return ids.status();
  return NamedThread{ids->ThreadId(kStartedHere + name), name};
}

absl::Status RunSend(Context& context, const SendFlags& flags) {
  const int64_t now_ms = context.clock().NowMs();
  int64_t expire_ms = 0;
  if (!flags.expire.empty()) {
    absl::StatusOr<int64_t> duration = ParseDurationMs(flags.expire);
    if (!duration.ok()) {
      return Usage(fmt::format("--expire: {}: {}", client::Printable(flags.expire), client::TextOf(duration.status())));
    }
    expire_ms = now_ms + *duration;
  }
  absl::StatusOr<std::string> text = ReadText(flags);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<FileToSend>> files = OpenFilesToSend(flags.attach);
  if (!files.ok()) return files.status();
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  client::History& history = (*client)->history();
  bool started = false;
  absl::StatusOr<NamedThread> thread = FindOrStart(history, flags.thread, started);
  if (!thread.ok()) return thread.status();

  auto attachments = SendFiles((*client)->attachments(), *std::move(files));
  if (!attachments.ok()) return attachments.status();
  client::ChatContent content{context.account(), *std::move(text), thread->title};
  for (const client::Attachment& attachment : *attachments) content.attachments.push_back(attachment.Clone());

  crypto::SystemRandom random;
  const std::string message_id = random.Bytes(kMessageIdBytes);
  // A new id each time, so an existing one would be another message.
  const auto saved = (*client)->attachments().Save(client::NewMessage{.thread_id = thread->id,
                                                                      .message_id = message_id,
                                                                      .timestamp_ms = now_ms,
                                                                      .expire_ms = expire_ms,
                                                                      .content = client::EncodeChatContent(content)},
                                                   *attachments, {.on_conflict = client::OnConflict::kReject});
  if (!saved.ok()) return saved.status();
  // The message is saved all the same, so that this is no reason to send it again.
  if (!saved->attached.ok()) {
    return client::In("the message is saved; the next send, read or export tries to attach its files again",
                      saved->attached);
  }
  Output& out = context.out();
  out.Line(fmt::format("saved in {}thread {} ({})", started ? "the new " : "", HandleOf(thread->id),
                       thread->title.empty() ? "no title" : client::Printable(thread->title)));
  Json document = {{"handle", HandleOf(thread->id)}, {"thread_id", ToHex(thread->id)},  {"title", thread->title},
                   {"new_thread", started},          {"message_id", ToHex(message_id)}, {"timestamp_ms", now_ms}};
  if (expire_ms != 0) document["expire_ms"] = expire_ms;
  if (saved->saved.rotation.has_value()) {
    PrintRotation(out, *saved->saved.rotation);
    document["rotation"] = RotationDocument(*saved->saved.rotation);
  }
  for (const client::Attachment& attachment : *attachments) {
    out.Line(
        fmt::format("attached {} ({} bytes)", client::Printable(attachment.file_name), Grouped(attachment.size_bytes)));
    document["attachments"].push_back({{"name", attachment.file_name}, {"size_bytes", attachment.size_bytes}});
  }
  out.Document(document);
  return absl::OkStatus();
}

}  // namespace

void AddSend(Command root, Chosen& chosen) {
  auto flags = std::make_shared<SendFlags>();
  Command command = AddCommand(root, chosen, "send", "Save a message; a title that no thread has starts a thread",
                               /*changes=*/true, RunSend, flags);
  command.AddOption("THREAD", &flags->thread, "A title, or a handle from 'threads'", {.required = true});
  command.AddOption("TEXT", &flags->text, "The text; -: standard input, as without it where no file is attached");
  command.AddOption("--expire", &flags->expire, "Let it disappear after so long, as in 24h",
                    {.value_name = "DURATION"});
  command.AddOption("--attach", &flags->attach, "Send this file along, at most 100 MiB; may be repeated",
                    {.value_name = "FILE"});
}

}  // namespace labyrinth::cli
