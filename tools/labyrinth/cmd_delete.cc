#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/transfer/jsonl_line.h"
#include "client/transfer/text.h"
#include "common/bytes.h"
#include "common/limits.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/thread_name.h"

namespace labyrinth::cli {
namespace {

using Deletion = client::Attachments::Deletion;

// Of a message's id in hexadecimal; fewer could name another message tomorrow.
constexpr std::size_t kLeastDigits = 8;

struct DeleteFlags {
  std::string thread;
  std::vector<std::string> messages;
  bool yes = false;
};

// With the files that it holds, as its own content says.
Deletion AsDeletion(const client::HistoryMessage& message) {
  Deletion deletion{message.row().thread_id, message.row().message_id, {}};
  const std::optional<client::ShownMessage> shown = client::Show(message);
  if (!shown || !shown->verified || !shown->chat) return deletion;
  for (const client::Attachment& attachment : shown->chat->attachments) {
    deletion.attachments.push_back(attachment.name);
  }
  return deletion;
}

// The thread is read, since ids can be shortened and only the messages say which files they hold. What can't be opened
// any more can be deleted by its id all the same.
absl::StatusOr<std::vector<Deletion>> FindMessages(client::History& history, const NamedThread& thread,
                                                   const std::vector<std::string>& names) {
  std::map<std::string, std::vector<Deletion>> found;
  for (const std::string& name : names) {
    const std::string digits = AsHandle(name);
    if (digits.size() < kLeastDigits) {
      return Usage(fmt::format("MESSAGE: {}: not an id, or less than {} digits of one ('read --ids' shows them)",
                               client::Printable(name), kLeastDigits));
    }
    found[digits];
  }
  client::MessageReader reader = history.ListMessages({.thread_id = thread.id, .page_size = limits::kPageItems});
  while (!reader.done()) {
    const auto page = reader.NextPage();
    if (!page.ok()) return page.status();
    for (const client::HistoryMessage& message : *page) {
      const std::string id = ToHex(message.row().message_id);
      for (auto& [digits, matches] : found) {
        if (id.starts_with(digits)) matches.push_back(AsDeletion(message));
      }
    }
  }
  std::vector<Deletion> messages;
  for (auto& [digits, matches] : found) {
    if (matches.empty()) return absl::NotFoundError(fmt::format("message {}: not in this thread", digits));
    if (matches.size() > 1) return Usage(fmt::format("MESSAGE: {}: {} messages match", digits, matches.size()));
    messages.push_back(std::move(matches.front()));
  }
  return messages;
}

absl::Status RunDelete(Context& context, const DeleteFlags& flags) {
  if (!flags.yes && !HasPerson()) return Usage("--yes: required where there is no terminal to ask on");
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  auto thread = FindThread((*client)->history(), flags.thread);
  if (!thread.ok()) return thread.status();
  auto messages = FindMessages((*client)->history(), *thread, flags.messages);
  if (!messages.ok()) return messages.status();
  const std::string handle = HandleOf(thread->id);
  if (!flags.yes) {
    const std::string what =
        fmt::format("This deletes {} message{} of thread {} ({}) from all devices for good.", messages->size(),
                    messages->size() == 1 ? "" : "s", handle, client::Printable(thread->title));
    if (absl::Status s = ConfirmByName(what, handle); !s.ok()) return s;
  }
  const auto report = (*client)->attachments().Delete(*messages);
  if (!report.ok()) return report.status();
  Output& out = context.out();
  out.Line(fmt::format("deleted {} message{} of thread {}", report->deleted, report->deleted == 1 ? "" : "s", handle));
  out.Document({{"handle", handle}, {"thread_id", ToHex(thread->id)}, {"deleted", report->deleted}});
  return absl::OkStatus();
}

}  // namespace

void AddDelete(Command root, Chosen& chosen) {
  auto flags = std::make_shared<DeleteFlags>();
  Command command = AddCommand(root, chosen, "delete", "Delete messages and their files from all devices",
                               /*changes=*/true, RunDelete, flags);
  command.AddOption("THREAD", &flags->thread, "A title, or a handle from 'threads'", {.required = true});
  command.AddOption("MESSAGE", &flags->messages, "Ids from 'read --ids', or their first digits", {.required = true});
  command.AddFlag("--yes", &flags->yes, "Don't ask");
}

}  // namespace labyrinth::cli
