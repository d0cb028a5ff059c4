#include "tests/fault/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "common/bytes.h"
#include "common/errors.h"

namespace labyrinth::fault {

using mailbox::OnConflict;
using mailbox::testing::TestDevice;
using mailbox::testing::TestServer;

namespace {

constexpr int64_t kHourMs = 3600 * 1000;
constexpr std::size_t kRecent = 48;
constexpr std::size_t kMembers = 5;

// What the store holds of a mailbox; what it can't read is a finding.
std::optional<StoredMailbox> Stored(TestServer& node, const std::string& partition, Tally& tally) {
  const auto rows = node.TryRows(partition);
  if (rows.ok()) return ReadRows(*rows);
  tally.Find(Fault::kOther, fmt::format("a mailbox's rows: {}", rows.status().ToString()));
  return std::nullopt;
}

}  // namespace

Workload::Workload(uint64_t seed, std::vector<TestServer*> nodes, Shape shape)
    : random_(seed), nodes_(std::move(nodes)), shape_(shape), latest_ms_(nodes_[0]->now_ms()) {
  for (int i = 0; i < shape_.mailboxes; ++i) mailboxes_.emplace_back(*nodes_[0], fmt::format("account-{}", i));
}

std::string Workload::RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof(uint64_t)) {
    const uint64_t word = random_();
    std::copy_n(reinterpret_cast<const char*>(&word), std::min(sizeof(word), size - at), bytes.begin() + at);
  }
  return bytes;
}

const TestDevice& Workload::AnyMember(Mailbox& mailbox) {
  const uint64_t which = Below(mailbox.members.size() + 1);
  return which == 0 ? mailbox.box.first() : *std::next(mailbox.members.begin(), which - 1);
}

void Workload::Start() {
  if (shape_.clock_steps && Below(8) == 0) return StepClock();
  Mailbox& mailbox = *std::next(mailboxes_.begin(), Below(mailboxes_.size()));
  if (!mailbox.created) return Create(mailbox);
  const uint64_t what = Below(100);
  if (what < 60) return Save(mailbox);
  if (what < 75) return Delete(mailbox);
  if (what < 83) return Wake(mailbox);
  if (what < 88) return OpenEpoch(mailbox);
  if (what < 91) return Revoke(mailbox);
  if (what < 96) return AddDevice(mailbox);
  Call(AnyNode(), mailbox.box.CallerOf(AnyMember(mailbox)), [this](absl::StatusOr<std::monostate> result) {
    if (!result.ok()) Classify(result.status());
  });
}

Workload::Answer Workload::Classify(const absl::Status& status) {
  const std::optional<Reason> reason = ReasonOf(status);
  if (reason == Reason::kOutcomeUnknown) return Answer::kUnknown;
  if (!reason.has_value() || reason == Reason::kDataDamaged) errors_.Find(Fault::kOther, status.ToString());
  return Answer::kRefused;
}

template <typename Request, typename Answered>
void Workload::Call(TestServer& node, Request request, Answered answered) {
  auto pending = node.Start(std::move(request));
  open_.push_back([pending, answered = std::move(answered)]() mutable {
    if (!pending->has_value()) return false;
    answered(std::move(**pending));
    return true;
  });
}

void Workload::Collect() {
  for (auto call = open_.begin(); call != open_.end();) {
    call = (*call)() ? open_.erase(call) : std::next(call);
  }
  for (TestServer* node : nodes_) latest_ms_ = std::max(latest_ms_, node->now_ms());
}

void Workload::Create(Mailbox& mailbox) {
  if (mailbox.creating) return;
  mailbox.creating = true;
  Call(AnyNode(), mailbox.box.CreateRequest(mailbox.box.first()),
       [this, &mailbox](absl::StatusOr<mailbox::CreateMailboxResponse> result) {
         mailbox.creating = false;
         if (result.ok()) {
           mailbox.box.first().id = result->device_id;
           mailbox.created = true;
           mailbox.ledger.DeviceAdded(result->device_id.value());
         } else if (Classify(result.status()) == Answer::kUnknown ||
                    ReasonOf(result.status()) == Reason::kMailboxExists) {
           // It may be there under an id that nobody told us: this mailbox stays alone.
           mailbox.creating = true;
         }
       });
}

void Workload::Save(Mailbox& mailbox) {
  TestServer& node = AnyNode();
  const uint64_t kind = Below(20);
  const std::size_t count = kind == 0 ? 100 : kind < 10 ? 1 : 2 + Below(5);
  std::map<std::string, Content> contents;
  while (contents.size() < count) {
    if (Below(3) == 0 && !mailbox.recent.empty()) {
      auto [id, content] = mailbox.recent[Below(mailbox.recent.size())];
      if (Below(3) > 0) content.ciphertext = RandomBytes(24 + Below(40));
      contents.emplace(id, content);
      if (count < 100 || contents.size() > 20) continue;
    }
    std::size_t size = 24 + Below(600);
    if (shape_.large_messages && count == 1 && Below(3) == 0) size = 1024 * (1 + Below(200));
    int64_t expire_ms = 0;
    if (Below(4) == 0) expire_ms = node.now_ms() + 1 + static_cast<int64_t>(Below(30 * kHourMs));
    const std::string id = fmt::format("m{}", next_id_++);
    const Content content{fmt::format("t{}", Below(6)), static_cast<int64_t>(Below(1000)), RandomBytes(size),
                          expire_ms};
    contents.emplace(id, content);
    mailbox.recent.emplace_back(id, content);
    if (mailbox.recent.size() > kRecent) mailbox.recent.pop_front();
  }
  std::vector<mailbox::SaveMessage> messages;
  for (const auto& [id, content] : contents) {
    messages.push_back({id, content.thread_id, content.timestamp_ms, content.ciphertext, content.expire_ms});
  }
  const OnConflict modes[] = {OnConflict::kReject, OnConflict::kKeepExisting, OnConflict::kReplace,
                              OnConflict::kReplace};
  mailbox::SaveRequest request = mailbox.box.Save(AnyMember(mailbox), std::move(messages), modes[Below(4)]);
  if (!mailbox.old_epochs.empty() && Below(20) == 0) request.epoch_id = mailbox.old_epochs.back();
  const Ledger::Call call = mailbox.ledger.BeginSave(std::move(contents));
  Call(node, std::move(request), [this, &mailbox, call](absl::StatusOr<mailbox::SaveResponse> result) {
    if (result.ok()) return mailbox.ledger.Saved(call, result->outcomes);
    Classify(result.status()) == Answer::kUnknown ? mailbox.ledger.Unknown(call) : mailbox.ledger.Refused(call);
  });
}

void Workload::Delete(Mailbox& mailbox) {
  if (mailbox.recent.empty()) return;
  std::vector<std::string> ids;
  for (std::size_t left = 1 + Below(6); left > 0; --left) {
    const std::string& id = mailbox.recent[Below(mailbox.recent.size())].first;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  mailbox::DeleteRequest request{mailbox.box.CallerOf(AnyMember(mailbox)), ids};
  const Ledger::Call call = mailbox.ledger.BeginDelete(std::move(ids));
  Call(AnyNode(), std::move(request), [this, &mailbox, call](absl::StatusOr<mailbox::DeleteResponse> result) {
    if (result.ok()) return mailbox.ledger.Deleted(call);
    Classify(result.status()) == Answer::kUnknown ? mailbox.ledger.Unknown(call) : mailbox.ledger.Refused(call);
  });
}

void Workload::Wake(Mailbox& mailbox) {
  auto caretaker = std::make_shared<mailbox::Caretaker>(AnyNode().sequencer());
  auto answer = std::make_shared<std::optional<absl::Status>>();
  caretaker->Wake(mailbox.box.partition(), absl::InfiniteFuture(), [answer](absl::Status status) { *answer = status; });
  open_.push_back([this, caretaker, answer] {
    if (!answer->has_value()) return false;
    if (!(*answer)->ok()) Classify(**answer);
    return true;
  });
}

void Workload::OpenEpoch(Mailbox& mailbox) {
  std::vector<DeviceId> revoked;
  const TestDevice& opener = AnyMember(mailbox);
  if (Below(3) == 0 && !mailbox.members.empty()) {
    const DeviceId gone = std::next(mailbox.members.begin(), Below(mailbox.members.size()))->id;
    const auto roster = mailbox.box.Roster();
    const auto& active = roster.active_device_ids();
    if (gone != opener.id && std::find(active.begin(), active.end(), gone.value()) != active.end()) {
      revoked.push_back(gone);
    }
  }
  mailbox::OpenEpochRequest request = mailbox.box.OpenRequest(opener, revoked);
  mailbox.old_epochs.push_back(request.expected_epoch_id);
  Call(AnyNode(), request,
       [this, &mailbox, revoked, sequence = request.sequence_id](absl::StatusOr<mailbox::OpenEpochResponse> result) {
         if (!result.ok()) return void(Classify(result.status()));
         mailbox.ledger.EpochOpened(sequence, result->epoch_id.value());
         for (const DeviceId id : revoked) mailbox.ledger.DeviceRevoked(id.value());
       });
}

void Workload::Revoke(Mailbox& mailbox) {
  if (mailbox.members.empty()) return;
  const DeviceId subject = std::next(mailbox.members.begin(), Below(mailbox.members.size()))->id;
  const bool signed_entry = Below(2) == 0;
  Call(AnyNode(),
       signed_entry ? mailbox.box.RevokeRequest(mailbox.box.first(), subject) : mailbox.box.CutOffRequest(subject),
       [this, &mailbox, subject](absl::StatusOr<uint64_t> result) {
         if (!result.ok()) return void(Classify(result.status()));
         mailbox.ledger.DeviceRevoked(subject.value());
       });
}

void Workload::AddDevice(Mailbox& mailbox) {
  if (mailbox.members.size() >= kMembers) mailbox.members.pop_front();
  if (mailbox.box.Roster().active_device_ids_size() >= static_cast<int>(2 * kMembers)) return;
  auto added = std::make_shared<TestDevice>(mailbox::testing::MakePhysical(nodes_[0]->random()));
  Call(AnyNode(), mailbox.box.RegisterByMember(mailbox.box.first(), *added),
       [this, &mailbox, added](absl::StatusOr<mailbox::RegisterDeviceResponse> result) {
         if (!result.ok()) return void(Classify(result.status()));
         added->id = result->device_id;
         mailbox.ledger.DeviceAdded(added->id.value());
         mailbox.members.push_back(std::move(*added));
       });
}

void Workload::StepClock() {
  ManualClock& clock = AnyNode().clock();
  const auto hours = static_cast<int64_t>(Below(Below(4) == 0 ? 48 * kHourMs : 3 * kHourMs));
  clock.Advance(Below(3) == 0 ? -hours : hours);
  latest_ms_ = std::max(latest_ms_, clock.NowMs());
}

void Workload::CheckReads(Tally& tally) {
  Mailbox& mailbox = *std::next(mailboxes_.begin(), Below(mailboxes_.size()));
  TestServer& node = AnyNode();
  CheckReads(mailbox, node.history(), node, tally);
}

void Workload::CheckReads(const mailbox::HistoryReader& history, Tally& tally) {
  CheckReads(mailboxes_.front(), history, *nodes_[0], tally);
}

void Workload::CheckReads(Mailbox& mailbox, const mailbox::HistoryReader& history, TestServer& node, Tally& tally) {
  if (!mailbox.created) return;
  const auto stored = Stored(node, mailbox.box.partition(), tally);
  if (!stored.has_value()) return;
  const int64_t now_ms = std::max(node.now_ms(), stored->expired_through_ms);
  Contents left = stored->messages;
  std::erase_if(left, [&](const auto& one) { return one.second.expire_ms != 0 && one.second.expire_ms <= now_ms; });
  std::string token;
  do {
    const auto page = node.Ask<mailbox::MessagePage>([&](auto done) {
      history.ListMessages(mailbox.box.CallerOf(mailbox.box.first()), {"", 0, mailbox::kEndOfTime, true},
                           {static_cast<uint32_t>(20 + Below(300)), token}, absl::InfiniteFuture(), std::move(done));
    });
    if (!page.ok()) return tally.Find(Fault::kOther, fmt::format("a page: {}", page.status().ToString()));
    for (const mailbox::MessageView& view : page->messages) {
      const mailbox::MessageRow& record = view.record;
      if (record.expire_ms() != 0 && record.expire_ms() <= now_ms) {
        tally.Find(Fault::kOther, fmt::format("message {} has expired, and is served", ToHex(record.message_id())));
        continue;
      }
      const auto found = left.find(std::string(record.message_id()));
      if (found == left.end() || found->second.ciphertext != record.ciphertext()) {
        tally.Find(found == left.end() ? Fault::kDoubled : Fault::kOther,
                   fmt::format("message {} is served and isn't stored so", ToHex(record.message_id())));
      } else {
        left.erase(found);
      }
    }
    token = page->next_token;
  } while (!token.empty());
  for (const auto& [id, content] : left) {
    tally.Find(Fault::kLost, fmt::format("message {} is stored and isn't served", ToHex(id)));
  }
}

void Workload::Judge(Tally& tally) {
  Collect();
  for (Mailbox& mailbox : mailboxes_) {
    const auto stored = Stored(*nodes_[0], mailbox.box.partition(), tally);
    if (stored.has_value()) mailbox.ledger.Judge(*stored, latest_ms_, tally);
  }
  tally += std::exchange(errors_, {});
}

}  // namespace labyrinth::fault
