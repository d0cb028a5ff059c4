#include "tests/fault/mailbox_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "crypto/statements/log_entry.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::fault {

using service::testing::ApiCaller;
using History = v1::HistoryService::Stub;

namespace {

void AddDirectory(const ApiCaller& caller, Names& names, std::string& text) {
  const auto mailbox = caller.Must(&v1::MailboxService::Stub::GetMailbox);
  text += fmt::format("mailbox: {} at {}, {} messages of {} bytes, log at {}\n", v1::MailboxState_Name(mailbox.state()),
                      mailbox.head().revision(), mailbox.message_count(), mailbox.used_bytes(), mailbox.log_index());
  const auto log = caller.Must(&v1::MailboxService::Stub::ListLog);
  for (const v1::LogEntry& entry : log.log_entries()) {
    const auto decoded = crypto::DecodeLogEntry(entry.entry());
    REQUIRE(decoded.ok());
    text += fmt::format("log: {} of kind {}\n", decoded->index, static_cast<int>(decoded->kind));
  }
  v1::ListDevicesRequest all;
  all.set_show_revoked(true);
  std::vector<std::string> devices;
  for (const v1::Device& device : caller.Must(&v1::DeviceService::Stub::ListDevices, all).devices()) {
    devices.push_back(fmt::format("device: {} {} {}\n", names.Of(device.device_id()),
                                  v1::DeviceKind_Name(device.kind()), v1::DeviceState_Name(device.state())));
  }
  std::sort(devices.begin(), devices.end());
  for (const std::string& line : devices) text += line;
  for (const v1::Epoch& epoch : caller.Must(&v1::EpochService::Stub::ListEpochs).epochs()) {
    text += fmt::format("epoch: {} is {} by {} at {}, for {}\n", epoch.sequence_id(), names.Of(epoch.epoch_id()),
                        names.Of(epoch.opener().device_id()), epoch.revision(), epoch.members_size());
  }
}

void AddMessages(const ApiCaller& caller, Names& names, std::string& text) {
  v1::ListMessagesRequest messages;
  messages.set_page_size(500);
  for (const v1::Message& message : caller.Must(&History::ListMessages, messages).messages()) {
    text +=
        fmt::format("message: {} in {} at {}: {} under {}, written at {}\n", message.message_id(), message.thread_id(),
                    message.timestamp_ms(), message.ciphertext(), names.Of(message.epoch_id()), message.revision());
  }
  v1::ListChangesRequest feed;
  feed.set_max_changes(500);
  feed.mutable_since()->set_generation(1);
  for (const v1::Change& change : caller.Must(&History::ListChanges, feed).changes()) {
    for (const v1::ChangeEntry& entry : change.entries()) {
      text += fmt::format("change: {} {} {}{}{} by {}\n", change.revision(), v1::ChangeKind_Name(entry.kind()),
                          entry.message_id(), names.Of(entry.device_id()), names.Of(entry.epoch_id()),
                          names.Of(entry.by_device_id()));
    }
  }
}

}  // namespace

std::string Names::Of(uint64_t id) {
  if (id == 0) return "nobody";
  const auto found = names_.find(id);
  if (found != names_.end()) return found->second;
  return names_[id] = fmt::format("#{}", names_.size());
}

std::string TextOf(const ApiCaller& caller, Names& names) {
  // Through the mailbox's one lane, behind whatever is still in it.
  v1::DeleteMessagesRequest nothing;
  nothing.add_message_ids("no such message");
  const auto passed = caller.Ask(&History::DeleteMessages, nothing);
  if (!passed.ok()) return passed.reason() ? std::string(ReasonName(*passed.reason())) + "\n" : "no reason\n";
  std::string text;
  AddDirectory(caller, names, text);
  AddMessages(caller, names, text);
  return text;
}

}  // namespace labyrinth::fault
