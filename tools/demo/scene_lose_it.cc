// Everything is lost that can be: the server's process, every device, and one bit on the way.
#include <fmt/format.h>

#include <atomic>
#include <set>
#include <thread>

#include "tools/demo/story.h"
#include "tools/demo/tampering_channel.h"

namespace labyrinth::demo {

namespace {

constexpr uint64_t kSavesBeforeKill = 200;
constexpr uint64_t kMostSaves = 100'000;
const char kThread[] = "during the kill";

client::NewMessage Numbered(uint64_t number) {
  return {.thread_id = kThread,
          .message_id = fmt::format("message {}", number),
          .timestamp_ms = static_cast<int64_t>(number),
          .content = fmt::format("content {}", number)};
}

// Saves one message after the other until a call fails. Counts what was acknowledged.
void SaveUntilItFails(client::LabyrinthClient& device, std::atomic<uint64_t>& acknowledged) {
  for (uint64_t number = 0; number < kMostSaves; ++number) {
    if (!device.history().Save({Numbered(number)}).ok()) return;
    ++acknowledged;
    acknowledged.notify_all();
  }
}

absl::StatusOr<std::set<std::string>> IdsOf(client::LabyrinthClient& device, uint64_t& rows) {
  std::set<std::string> ids;
  auto walk = device.history().ListMessages({.thread_id = kThread, .page_size = 500});
  while (!walk.done()) {
    auto page = walk.NextPage();
    if (!page.ok()) return page.status();
    for (const client::HistoryMessage& message : *page) {
      if (message.verified() == nullptr) return absl::DataLossError("a message that doesn't verify");
      ids.insert(message.row().message_id);
      ++rows;
    }
  }
  return ids;
}

absl::Status KillTheServer(Story& story) {
  // A device that doesn't wait for the server to come back, so that its last word is the server's.
  client::ClientOptions options = story.ClientOptions();
  options.retry.max_attempts = 1;
  story.laptop.reset();
  auto writer = client::LabyrinthClient::Open(story.ProfileOf("laptop"), options);
  if (!writer.ok()) return writer.status();
  std::atomic<uint64_t> acknowledged{0};
  std::thread saving([&] { SaveUntilItFails(**writer, acknowledged); });
  for (uint64_t seen = 0; seen < kSavesBeforeKill; seen = acknowledged) acknowledged.wait(seen);
  story.server->Kill();
  saving.join();
  writer->reset();
  const uint64_t promised = acknowledged;

  auto server = ServerProcess::Start(story.ServerOptions());
  if (!server.ok()) return server.status();
  story.server = *std::move(server);
  auto laptop = story.OpenDevice("laptop");
  if (!laptop.ok()) return laptop.status();
  story.laptop = *std::move(laptop);
  uint64_t rows = 0;
  auto ids = IdsOf(*story.laptop, rows);
  if (!ids.ok()) return ids.status();
  uint64_t found = 0;
  for (uint64_t number = 0; number < promised; ++number) found += ids->contains(Numbered(number).message_id);
  auto status = story.stage.Claim(found == promised && rows <= promised + 1,
                                  fmt::format("kill -9 in the middle of saves: acknowledged {}, found {}, and at most "
                                              "the one in flight beyond",
                                              promised, found));
  if (!status.ok()) return status;

  std::vector<client::NewMessage> again;
  for (uint64_t number = 0; number < promised; ++number) again.push_back(Numbered(number));
  if (auto saved = story.laptop->history().SaveAll(again); !saved.ok()) return saved.status();
  uint64_t rows_again = 0;
  if (auto same = IdsOf(*story.laptop, rows_again); !same.ok()) return same.status();
  status = story.stage.Claim(rows_again == rows, "saving all of them again doubles nothing");
  story.messages += rows;
  return status;
}

// Two letters misread, as from paper.
crypto::Secret Misread(const crypto::Secret& code) {
  std::string typed(code.RevealSecret());
  int spoiled = 0;
  for (std::size_t at = typed.size() / 3; at < typed.size() && spoiled < 2; at += 7) {
    while (typed[at] == '-' || typed[at] == ' ') ++at;
    typed[at] = typed[at] == 'X' ? 'Y' : 'X';
    ++spoiled;
  }
  return crypto::Secret::TakeAndWipe(std::move(typed));
}

absl::Status LoseEveryDevice(Story& story) {
  auto before = ReadEverything(*story.laptop);
  if (!before.ok()) return before.status();
  story.laptop.reset();
  story.phone.reset();
  const crypto::Secret typed = Misread(*story.code);
  story.stage.Say(fmt::format("all devices are gone. The code, as typed: {}", typed.RevealSecret()));
  auto device = story.OpenDevice("new laptop");
  if (!device.ok()) return device.status();
  auto joined = (*device)->recovery().Join(typed);
  if (!joined.ok()) return joined.status();
  auto status = story.stage.Claim(joined->corrected_characters == 2, "its two wrong letters were found and corrected");
  if (!status.ok()) return status;
  auto after = ReadEverything(**device);
  if (!after.ok()) return after.status();
  status = story.stage.Claim(after->messages == story.messages && after->hash == before->hash,
                             fmt::format("everything is back: {} messages, the same hash", Grouped(after->messages)));
  story.laptop = *std::move(device);
  return status;
}

absl::Status FlipOneBit(Story& story) {
  story.laptop.reset();
  Tampering tampering;
  client::ClientOptions options = story.ClientOptions();
  options.channel = TamperingChannel(story.server->endpoint(), tampering);
  auto device = client::LabyrinthClient::Open(story.ProfileOf("new laptop"), options);
  if (!device.ok()) return device.status();
  const auto first_page = [&] { return (*device)->history().ListMessages({.page_size = 10}).NextPage(); };
  auto honest = first_page();
  if (!honest.ok()) return honest.status();
  tampering.armed = true;
  auto changed = first_page();
  if (!changed.ok()) return changed.status();
  const bool refused = !changed->empty() && changed->front().tampered() != nullptr;
  const bool others_fine = changed->size() < 2 || changed->at(1).verified() != nullptr;
  auto status = story.stage.Claim(
      tampering.flips == 1 && refused && others_fine,
      "one bit flipped on the way, behind the store's checksums: the client refuses that message, and shows the rest");
  if (!status.ok()) return status;
  return story.stage.Claim(honest->front().verified() != nullptr,
                           "control: without the flip the same message verifies");
}

}  // namespace

absl::Status SceneLoseIt(Story& story) {
  story.stage.BeginScene("lose it", "the server is killed, every device is lost, the network lies");
  if (auto status = KillTheServer(story); !status.ok()) return status;
  if (auto status = LoseEveryDevice(story); !status.ok()) return status;
  if (auto status = FlipOneBit(story); !status.ok()) return status;
  if (auto status = story.server->Stop(); !status.ok()) return status;
  if (auto status = story.stage.Claim(true, "asked to stop, the server drains and exits cleanly"); !status.ok()) {
    return status;
  }
  story.stage.EndScene();
  return absl::OkStatus();
}

}  // namespace labyrinth::demo
