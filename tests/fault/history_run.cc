#include "tests/fault/history_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "service/server/testing/live_server.h"
#include "tests/fault/history_stage.h"
#include "tests/fault/member.h"

namespace labyrinth::fault {
namespace {

using Answer = CallRecord::Answer;
using service::testing::LiveServer;

constexpr int kActors = 6;

Seen ToSeen(const v1::Message& message) {
  return {message.message_id(), message.ciphertext(), message.epoch_id(), message.revision()};
}

class Actor {
 public:
  Actor(uint64_t seed, Account& account, Stage& stage, std::unique_ptr<Member> member)
      : random_(seed), account_(account), stage_(stage), member_(std::move(member)) {
    if (member_ != nullptr) stage_.Comes(member_->device_id());
  }

  void Run() {
    while (!stage_.over()) Step();
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  void Step() {
    if (member_ == nullptr) return Register();
    const uint64_t what = Below(1000);
    if (what < 550) return Save();
    if (what < 680) return List();
    if (what < 860) return Get();
    if (what < 890) return Delete();
    if (what < 975) return GetMailbox();
    if (what < 992) return OpenEpoch(Below(4) == 0);
    Revoke();
  }

  // Makes the call that `record` describes; `took` fills in what came of it.
  template <typename Call, typename Took>
  absl::Status Record(CallRecord record, Call call, Took took) {
    record.device_id = member_->device_id();
    record.begin = stage_.Tick();
    auto result = call();
    record.end = stage_.Tick();
    absl::Status status = result.status();
    const auto reason = ReasonOf(status);
    if (result.ok()) {
      record.answer = Answer::kOk;
      took(*result, record);
    } else if (reason.has_value() && reason != Reason::kOutcomeUnknown && reason != Reason::kDraining) {
      record.answer = Answer::kRefused;
    }
    stage_.Write(std::move(record));
    Heed(reason);
    return status;
  }

  // A device that was removed goes on for a little while, as thieves do, and is then replaced.
  void Heed(std::optional<Reason> reason) {
    if (reason == Reason::kDeviceRevoked && ++refusals_ >= 4) {
      stage_.Goes(member_->device_id());
      member_.reset();
      refusals_ = 0;
    } else if (reason == Reason::kEpochStale) {
      stale_ = true;
    } else if (reason == Reason::kRotationRequired) {
      rotate_ = true;
    }
  }

  void Register() {
    auto added = std::make_unique<Member>(account_);
    CallRecord record;
    record.kind = CallKind::kRegister;
    record.begin = stage_.Tick();
    const absl::Status status = added->Register();
    record.end = stage_.Tick();
    if (status.ok()) {
      record.answer = Answer::kOk;
      record.device_ids = {added->device_id()};
      record.device_id = added->device_id();
      stage_.Comes(added->device_id());
      member_ = std::move(added);
    } else if (ReasonOf(status).has_value() && ReasonOf(status) != Reason::kOutcomeUnknown) {
      record.answer = Answer::kRefused;
    }
    stage_.Write(std::move(record));
    stale_ = true;
  }

  void Save() {
    if (rotate_) {
      rotate_ = false;
      return OpenEpoch(false);
    }
    // Most saves go by what is known; some go on under the old epoch for a while.
    if (stale_ && Below(3) > 0) {
      stale_ = false;
      return GetMailbox();
    }
    Message message = stage_.NewMessage();
    std::string ciphertext = fmt::format("{:>44}{:>12}", stage_.Tick(), random_());
    if (unanswered_.has_value()) {
      std::tie(message, ciphertext) = *std::exchange(unanswered_, std::nullopt);
    } else if (Below(10) == 0) {
      message = stage_.Recent(random_()).value_or(message);
    }
    v1::SaveMessagesRequest request;
    request.set_epoch_id(epoch_id_);
    request.set_cipher_version(3);
    request.set_on_conflict(v1::ON_CONFLICT_KEEP_EXISTING);
    v1::Message& sent = *request.add_messages();
    sent.set_message_id(message.id);
    sent.set_thread_id(message.thread_id);
    sent.set_timestamp_ms(message.timestamp_ms);
    sent.set_ciphertext(ciphertext);
    CallRecord record;
    record.kind = CallKind::kSave;
    record.message_id = message.id;
    record.thread_id = message.thread_id;
    record.timestamp_ms = message.timestamp_ms;
    record.ciphertext = ciphertext;
    record.epoch_id = epoch_id_;
    if (epoch_id_ == 0) return GetMailbox();
    const absl::Status status = Record(
        std::move(record), [&] { return member_->Save(request); },
        [](const v1::SaveMessagesResponse& response, CallRecord& out) {
          out.revision = response.revision();
          out.wrote = response.results(0).outcome() == v1::SAVE_OUTCOME_CREATED;
          // A deleted message is gone: that it was deleted is no promise that it is there.
          if (response.results(0).outcome() == v1::SAVE_OUTCOME_WAS_DELETED) out.answer = Answer::kRefused;
        });
    if (status.ok()) stage_.Saved(message);
    const bool unknown = !status.ok() && (!ReasonOf(status).has_value() || ReasonOf(status) == Reason::kOutcomeUnknown);
    if (unknown) unanswered_.emplace(message, ciphertext);
  }

  void List() {
    const auto recent = stage_.Recent(random_());
    if (!recent.has_value()) return;
    v1::ListMessagesRequest request;
    request.set_start_ms(std::max<int64_t>(0, recent->timestamp_ms - 10));
    request.set_end_ms(request.start_ms() + 20);
    request.set_page_size(500);
    if (Below(2) == 0) request.set_thread_id(recent->thread_id);
    if (Below(2) == 0) request.set_order(v1::ORDER_OLDEST_FIRST);
    CallRecord record;
    record.kind = CallKind::kList;
    record.thread_id = request.thread_id();
    record.start_ms = request.start_ms();
    record.end_ms = request.end_ms();
    Record(
        std::move(record), [&] { return member_->List(request); },
        [](const v1::ListMessagesResponse& response, CallRecord& out) {
          out.revision = response.as_of().revision();
          for (const v1::Message& message : response.messages()) out.seen.push_back(ToSeen(message));
          if (!response.next_page_token().empty()) out.end_ms = out.start_ms;  // not all of it
        })
        .IgnoreError();
  }

  void Get() {
    const auto recent = stage_.Recent(random_());
    if (!recent.has_value()) return;
    v1::BatchGetMessagesRequest request;
    request.add_message_ids(recent->id);
    CallRecord record;
    record.kind = CallKind::kGet;
    record.message_id = recent->id;
    Record(
        std::move(record), [&] { return member_->Get(request); },
        [](const v1::BatchGetMessagesResponse& response, CallRecord& out) {
          for (const v1::Message& message : response.messages()) out.seen.push_back(ToSeen(message));
        })
        .IgnoreError();
  }

  void Delete() {
    const auto recent = stage_.Recent(random_());
    if (!recent.has_value()) return;
    v1::DeleteMessagesRequest request;
    request.add_message_ids(recent->id);
    CallRecord record;
    record.kind = CallKind::kDelete;
    record.message_id = recent->id;
    Record(
        std::move(record), [&] { return member_->Delete(request); },
        [](const v1::DeleteMessagesResponse& response, CallRecord& out) { out.revision = response.revision(); })
        .IgnoreError();
  }

  void GetMailbox() {
    CallRecord record;
    record.kind = CallKind::kGetMailbox;
    Record(
        std::move(record), [&] { return member_->GetMailbox(); },
        [this](const v1::GetMailboxResponse& response, CallRecord& out) {
          out.revision = response.head().revision();
          out.epoch_id = epoch_id_ = response.current_epoch_id();
          rotate_ = rotate_ || response.state() == v1::MAILBOX_STATE_ROTATION_REQUIRED;
        })
        .IgnoreError();
  }

  // Of the others, a stray one first.
  std::vector<uint64_t> SomebodyElse() {
    auto devices = member_->ListDevices();
    if (!devices.ok()) {
      Heed(ReasonOf(devices.status()));
      return {};
    }
    std::erase_if(*devices, [&](const v1::Device& device) { return device.device_id() == member_->device_id(); });
    if (devices->empty()) return {};
    for (const v1::Device& device : *devices) {
      if (stage_.IsStray(device.device_id())) return {device.device_id()};
    }
    return {(*devices)[Below(devices->size())].device_id()};
  }

  void OpenEpoch(bool remove) {
    std::vector<uint64_t> removed;
    if (remove) removed = SomebodyElse();
    if (member_ == nullptr) return;
    auto request = member_->NextEpoch(removed);
    if (!request.ok()) return Heed(ReasonOf(request.status()));
    CallRecord record;
    record.kind = CallKind::kOpenEpoch;
    record.epoch_id = request->expected_epoch_id();
    record.sequence_id = request->sequence_id();
    record.device_ids = {request->revoke_device_ids().begin(), request->revoke_device_ids().end()};
    Record(
        std::move(record), [&] { return member_->OpenEpoch(*request); },
        [](const v1::OpenEpochResponse& response, CallRecord& out) {
          out.revision = response.revision();
          out.new_epoch_id = response.epoch_id();
        })
        .IgnoreError();
  }

  void Revoke() {
    const std::vector<uint64_t> subject = SomebodyElse();
    if (subject.empty() || member_ == nullptr) return;
    auto request = member_->Revocation(subject[0]);
    if (!request.ok()) return Heed(ReasonOf(request.status()));
    CallRecord record;
    record.kind = CallKind::kRevoke;
    record.device_ids = subject;
    Record(
        std::move(record), [&] { return member_->Revoke(*request); },
        [](const v1::RevokeDeviceResponse& response, CallRecord& out) { out.revision = response.revision(); })
        .IgnoreError();
  }

  std::mt19937_64 random_;
  Account& account_;
  Stage& stage_;
  std::unique_ptr<Member> member_;
  uint64_t epoch_id_ = 0;
  bool stale_ = true;
  bool rotate_ = false;
  int refusals_ = 0;
  std::optional<std::pair<Message, std::string>> unanswered_;
};

// The mailbox as a device sees it that has come last.
void TakeEnd(Account& account, History& history) {
  Member last(account);
  const absl::Status registered = last.Register();
  INFO(registered.ToString());
  REQUIRE(registered.ok());
  v1::ListMessagesRequest pages;
  pages.set_page_size(500);
  do {
    const auto page = last.List(pages);
    INFO(page.status().ToString());
    REQUIRE(page.ok());
    for (const v1::Message& message : page->messages()) history.messages.push_back(ToSeen(message));
    pages.set_page_token(page->next_page_token());
  } while (!pages.page_token().empty());
  v1::ListEpochsRequest epochs;
  epochs.set_page_size(500);
  do {
    const auto page = last.ListEpochs(epochs);
    INFO(page.status().ToString());
    REQUIRE(page.ok());
    for (const v1::Epoch& epoch : page->epochs()) history.epochs[epoch.sequence_id()] = epoch.epoch_id();
    epochs.set_page_token(page->next_page_token());
  } while (!epochs.page_token().empty());
}

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 20);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

History RunHistory(uint64_t seed, uint64_t calls, int restarts) {
  service::ServerConfig config =
      service::testing::DevConfig(service::testing::FreshDir(fmt::format("history{}", seed)));
  {
    // A port that is free now, so that every restart has the same.
    LiveServer first(config);
    first.Start();
    config.listen = first.endpoint();
  }
  // One object for all its lives: its randomness goes on, for ids are never drawn twice.
  LiveServer server(config);
  server.Start();

  crypto::SeededRandom random(seed);
  Account account;
  account.channel = Connect(config.listen);
  account.name = "account";
  account.token = server.Token(account.name);
  account.random = &random;
  auto first = std::make_unique<Member>(account);
  const absl::Status created = first->CreateMailbox();
  INFO(created.ToString());
  REQUIRE(created.ok());

  Stage stage(calls);
  std::vector<std::thread> threads;
  for (int i = 0; i < kActors; ++i) {
    auto actor = std::make_shared<Actor>(seed * kActors + i, account, stage, i == 0 ? std::move(first) : nullptr);
    threads.emplace_back([actor] { actor->Run(); });
  }
  for (int i = 1; i <= restarts; ++i) {
    // Not for order: only so that restarts lie apart.
    while (!stage.over() && stage.made() < calls * i / (restarts + 1)) absl::SleepFor(absl::Milliseconds(5));
    server.Stop();
    server.Start();
  }
  for (std::thread& thread : threads) thread.join();
  History history;
  history.calls = stage.Take();
  TakeEnd(account, history);
  return history;
}

HistoryCounts CountHistory(const History& history) {
  HistoryCounts counts;
  for (const CallRecord& call : history.calls) {
    counts.refused += call.answer == Answer::kRefused ? 1 : 0;
    counts.unknown += call.answer == Answer::kUnknown ? 1 : 0;
    if (call.answer != Answer::kOk) continue;
    counts.saves += call.kind == CallKind::kSave && call.wrote ? 1 : 0;
    counts.reads += call.kind == CallKind::kList || call.kind == CallKind::kGet ? 1 : 0;
    counts.deletes += call.kind == CallKind::kDelete ? 1 : 0;
    counts.epochs += call.kind == CallKind::kOpenEpoch ? 1 : 0;
    counts.revocations += call.device_ids.empty() || call.kind == CallKind::kRegister ? 0 : 1;
  }
  return counts;
}

}  // namespace labyrinth::fault
