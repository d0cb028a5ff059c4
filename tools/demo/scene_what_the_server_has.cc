// The scene that a sceptic came for: the server's whole disk, searched for what it must not hold.
#include <fmt/format.h>

#include <fstream>

#include "client/transfer/chat_content.h"
#include "tools/demo/raw_device.h"
#include "tools/demo/story.h"

namespace labyrinth::demo {

namespace {

// Long enough to be no accident, short enough to stand in one piece wherever it stands.
constexpr std::size_t kNeedleBytes = 48;

struct Needles {
  PlaintextSearch texts;    // of messages
  PlaintextSearch names;    // titles and people
  PlaintextSearch visible;  // message ids, which the server does see
};

// Walks the history as the laptop reads it, collects needles and writes the laptop's own plain export.
absl::Status Collect(Story& story, const std::string& plain_file, Needles& needles) {
  std::ofstream plain(plain_file, std::ios::binary);
  auto walk = story.laptop->history().ListMessages({.page_size = 500});
  while (!walk.done()) {
    auto page = walk.NextPage();
    if (!page.ok()) return page.status();
    for (const client::HistoryMessage& message : *page) {
      if (message.verified() == nullptr) return absl::DataLossError("a message that doesn't verify");
      const auto content = client::DecodeChatContent(message.verified()->content);
      if (!content.has_value()) return absl::DataLossError("a message of another product");
      plain << content->thread_title << '\n' << content->sender << '\n' << content->text << '\n';
      needles.texts.Add(std::string_view(content->text).substr(0, kNeedleBytes));
      needles.names.Add(content->thread_title);
      needles.names.Add(content->sender);
      needles.visible.Add(message.row().message_id);
    }
  }
  plain.close();
  if (!plain) return absl::UnavailableError(plain_file + ": cannot be written");
  return absl::OkStatus();
}

absl::Status ShowOneRow(Story& story) {
  auto laptop = RawDevice::FromProfile(story.ProfileOf("laptop"), story.folder + "/raw-laptop",
                                       story.server->endpoint(), "labyrinth.dev", kAccount);
  if (!laptop.ok()) return laptop.status();
  v1::ListMessagesRequest request;
  request.set_page_size(1);
  auto reply = (*laptop)->api().ListMessages(request);
  if (!reply.ok()) return reply.status();
  if (reply->messages().empty()) return absl::DataLossError("no row to show");
  const v1::Message& row = reply->messages(0);
  story.stage.Say("one stored row, all that the server knows of it:");
  story.stage.Say(fmt::format("  thread {}  message {}", ToHex(row.thread_id()), ToHex(row.message_id())));
  story.stage.Say(fmt::format("  time {} ms  epoch {}  cipher version {}  {} bytes: {}...", row.timestamp_ms(),
                              row.epoch_id(), row.cipher_version(), row.ciphertext().size(),
                              ToHex(row.ciphertext().substr(0, 24))));
  return absl::OkStatus();
}

}  // namespace

absl::Status SceneWhatTheServerHas(Story& story) {
  story.stage.BeginScene("what the server has", "its store, its write-ahead log and its own log, byte by byte");
  if (auto status = ShowOneRow(story); !status.ok()) return status;

  Needles needles;
  const std::string plain_file = story.folder + "/laptop-plain.txt";
  if (auto status = Collect(story, plain_file, needles); !status.ok()) return status;
  const std::vector<std::string> server_files = {story.data_dir(), story.log_file()};

  auto texts = needles.texts.Search(server_files);
  if (!texts.ok()) return texts.status();
  auto names = needles.names.Search(server_files);
  if (!names.ok()) return names.status();
  story.stage.Say(fmt::format("searched {} files, {} bytes", texts->files, Grouped(texts->bytes)));
  auto status = story.stage.Claim(texts->found_needles == 0 && needles.texts.size() > 0,
                                  fmt::format("{} known message texts: 0 found", Grouped(needles.texts.size())));
  if (!status.ok()) return status;
  status =
      story.stage.Claim(names->found_needles == 0 && needles.names.size() > 0,
                        fmt::format("{} thread titles and names of people: 0 found", Grouped(needles.names.size())));
  if (!status.ok()) return status;

  // Two controls: the search finds what is there.
  auto visible = needles.visible.Search(server_files);
  if (!visible.ok()) return visible.status();
  status = story.stage.Claim(visible->found_needles == needles.visible.size(),
                             fmt::format("control: the same search in the same files finds all {} message ids, which "
                                         "the server does see",
                                         Grouped(needles.visible.size())));
  if (!status.ok()) return status;
  auto own_texts = needles.texts.Search({plain_file});
  auto own_names = needles.names.Search({plain_file});
  if (!own_texts.ok()) return own_texts.status();
  if (!own_names.ok()) return own_names.status();
  status = story.stage.Claim(
      own_texts->found_needles == needles.texts.size() && own_names->found_needles == needles.names.size(),
      "control: in the laptop's own plain export it finds every text, title and name");
  if (!status.ok()) return status;
  story.stage.EndScene();
  return absl::OkStatus();
}

}  // namespace labyrinth::demo
