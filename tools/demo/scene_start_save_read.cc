// The first three scenes: an empty server, an import, the first screen.
#include <fmt/format.h>

#include <chrono>

#include "client/transfer/import.h"
#include "client/transfer/import_journal.h"
#include "tools/demo/story.h"

namespace labyrinth::demo {

namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

absl::StatusOr<client::ImportReport> Import(Story& story, const client::MessengerExport& source, uint64_t total) {
  auto ids = story.laptop->history().ImportIds();
  if (!ids.ok()) return ids.status();
  client::ImportJournal journal;
  const auto save = [&](std::span<const client::NewMessage> batch) { return story.laptop->history().Save(batch); };
  const auto progress = [&](uint64_t done) {
    story.stage.Progress("saving", done, total);
    return true;
  };
  return client::ImportExport(source, *ids, save, journal, progress);
}

}  // namespace

absl::Status SceneStart(Story& story) {
  story.stage.BeginScene("start", "an empty store, on this machine's loopback alone");
  auto server = ServerProcess::Start(story.ServerOptions());
  if (!server.ok()) return server.status();
  story.server = *std::move(server);
  story.stage.Say(fmt::format("labyrinthd --dev serves on {} (pid {})", story.server->endpoint(), story.server->pid()));
  auto laptop = story.OpenDevice("laptop");
  if (!laptop.ok()) return laptop.status();
  story.laptop = *std::move(laptop);
  if (auto status = story.laptop->mailbox().Create(); !status.ok()) return status;
  auto info = story.laptop->mailbox().Info();
  if (!info.ok()) return info.status();
  auto status = story.stage.Claim(info->message_count == 0 && info->active_devices == 1 && info->epoch_sequence == 0,
                                  "the laptop made a mailbox: one device, the first epoch, no message");
  if (!status.ok()) return status;
  story.stage.EndScene();
  return absl::OkStatus();
}

absl::Status SceneSave(Story& story) {
  story.stage.BeginScene("save",
                         "the laptop encrypts an export's messages and saves them; every save is synced to disk");
  auto source = client::MessengerExport::Open(story.export_path);
  if (!source.ok()) return source.status();
  auto summary = source->Validate();
  if (!summary.ok()) return summary.status();

  const auto start = std::chrono::steady_clock::now();
  auto first = Import(story, *source, summary->messages);
  if (!first.ok()) return first.status();
  const double seconds = SecondsSince(start);
  story.messages = first->created;
  story.stage.Say(fmt::format("{} messages of {} threads in {}: {} durable messages a second, {} a call",
                              Grouped(first->created), Grouped(summary->threads), Duration(seconds),
                              Grouped(static_cast<uint64_t>(first->created / seconds)), client::kImportBatchMessages));
  auto info = story.laptop->mailbox().Info();
  if (!info.ok()) return info.status();
  auto status = story.stage.Claim(
      first->created > 0 && first->messages() == summary->messages && info->message_count == first->created,
      fmt::format("the server counts what was saved: {}", Grouped(info->message_count)));
  if (!status.ok()) return status;

  auto second = Import(story, *source, summary->messages);
  if (!second.ok()) return second.status();
  status = story.stage.Claim(second->created == 0 && second->existing == second->messages(),
                             "importing the same export again changes nothing");
  if (!status.ok()) return status;
  story.stage.EndScene();
  return absl::OkStatus();
}

absl::Status SceneRead(Story& story) {
  story.stage.BeginScene("read", "the first screen, and everything");
  const auto threads_start = std::chrono::steady_clock::now();
  auto threads = story.laptop->history().ListThreads().NextPage();
  if (!threads.ok()) return threads.status();
  const double threads_seconds = SecondsSince(threads_start);
  bool ordered = !threads->empty();
  for (std::size_t i = 0; i < threads->size(); ++i) {
    if ((*threads)[i].verified() == nullptr) ordered = false;
    if (i > 0 && (*threads)[i].row().timestamp_ms > (*threads)[i - 1].row().timestamp_ms) ordered = false;
  }
  auto status = story.stage.Claim(ordered, fmt::format("the {} newest threads, newest first, decrypted in {}",
                                                       threads->size(), Duration(threads_seconds)));
  if (!status.ok()) return status;
  story.sample_thread = threads->front().row().thread_id;

  const auto page_start = std::chrono::steady_clock::now();
  auto page = story.laptop->history().ListMessages({.page_size = 50}).NextPage();
  if (!page.ok()) return page.status();
  const double page_seconds = SecondsSince(page_start);
  status =
      story.stage.Claim(page->size() == std::min<uint64_t>(50, story.messages),
                        fmt::format("a page of the {} newest messages in {}", page->size(), Duration(page_seconds)));
  if (!status.ok()) return status;

  auto all = ReadEverything(*story.laptop);
  if (!all.ok()) return all.status();
  story.history = all->hash;
  status = story.stage.Claim(all->messages == story.messages,
                             fmt::format("all {} messages read back, each compared with the envelope its writer sealed",
                                         Grouped(all->messages)));
  if (!status.ok()) return status;
  story.stage.EndScene();
  return absl::OkStatus();
}

}  // namespace labyrinth::demo
