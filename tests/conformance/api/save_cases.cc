// Saving: conflicts, the order of checks, what a batch is, and bounds.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

using Outcomes = std::vector<v1::SaveOutcome>;

constexpr v1::OnConflict kModes[] = {v1::ON_CONFLICT_REJECT, v1::ON_CONFLICT_KEEP_EXISTING, v1::ON_CONFLICT_REPLACE};

Outcomes OutcomesOf(const Answer<v1::SaveMessagesResponse>& answer) {
  INFO(answer.status.error_message());
  CHECK(answer.ok());
  Outcomes outcomes;
  for (const v1::SaveResult& result : answer.body.results()) outcomes.push_back(result.outcome());
  return outcomes;
}

std::string Ciphertext(const Scene& f, const std::string& id) {
  v1::BatchGetMessagesRequest request;
  request.add_message_ids(id);
  const auto got = f.Me().Must(&History::BatchGetMessages, request);
  return got.messages_size() == 1 ? got.messages(0).ciphertext() : "(none)";
}

TEST_CASE("a known id is unchanged, refused, kept or replaced, as the caller chose") {
  const Scene f;
  const std::string first(44, 'a'), second(90, 'b');
  f.MustSave({MakeMessage("m", "t", 1, first)});
  for (const auto mode : kModes) {
    CHECK(OutcomesOf(f.Save({MakeMessage("m", "t", 1, first)}, mode)) == Outcomes{v1::SAVE_OUTCOME_UNCHANGED});
  }
  const auto other = MakeMessage("m", "t", 1, second);
  CHECK(f.Save({other}, v1::ON_CONFLICT_REJECT).reason() == Reason::kMessageConflict);
  CHECK(OutcomesOf(f.Save({other}, v1::ON_CONFLICT_KEEP_EXISTING)) == Outcomes{v1::SAVE_OUTCOME_KEPT_EXISTING});
  CHECK(Ciphertext(f, "m") == first);
  CHECK(OutcomesOf(f.Save({other}, v1::ON_CONFLICT_REPLACE)) == Outcomes{v1::SAVE_OUTCOME_REPLACED});
  CHECK(Ciphertext(f, "m") == second);
  CHECK(f.Mailbox().used_bytes() == second.size());
  CHECK(f.Mailbox().message_count() == 1);
  // Another expiry or cipher version is another content.
  auto expiring = other;
  expiring.set_expire_ms(limits::kTimestampMs);
  CHECK(f.Save({expiring}).reason() == Reason::kMessageConflict);
  auto versioned = f.Saving({other});
  versioned.set_cipher_version(4);
  CHECK(f.Me().Ask(&History::SaveMessages, versioned).reason() == Reason::kMessageConflict);
}

TEST_CASE("an id is at home in one thread at one time, in every mode") {
  const Scene f;
  f.MustSave({MakeMessage("m", "t", 1)});
  for (const auto mode : kModes) {
    for (const auto& moved : {MakeMessage("m", "u", 1), MakeMessage("m", "t", 2)}) {
      const auto answer = f.Save({MakeMessage("new"), moved}, mode);
      CHECK(answer.reason() == Reason::kMessageConflict);
      CHECK(answer.detail("index") == "1");
      CHECK(answer.status.error_message().find("new") == std::string::npos);  // no id where proxies log
    }
  }
  CHECK(f.WalkAll() == Ids{"m"});  // nothing of any batch
}

TEST_CASE("a batch is refused whole, at the place that it names, and the same id twice is no batch") {
  const Scene f;
  f.MustSave({MakeMessage("m")});
  const v1::Cursor before = f.Head();
  const auto conflict = MakeMessage("m", "t", 1, std::string(50, 'x'));
  const auto answer = f.Save({MakeMessage("1"), MakeMessage("2"), conflict, MakeMessage("3")});
  CHECK(answer.reason() == Reason::kMessageConflict);
  CHECK(answer.detail("index") == "2");
  const auto twice = f.Save({MakeMessage("1"), MakeMessage("2"), MakeMessage("1")}, v1::ON_CONFLICT_REPLACE);
  CHECK(twice.reason() == Reason::kInvalidField);
  CHECK(twice.field() == "messages[2].message_id");
  CHECK(f.WalkAll() == Ids{"m"});
  CHECK(f.Head().revision() == before.revision());
}

TEST_CASE("a batch in which nothing is new makes no commit, and one with something makes one") {
  const Scene f;
  const uint64_t saved = f.MustSave({MakeMessage("m"), MakeMessage("gone")});
  f.MustDelete({"gone"});
  const uint64_t head = f.Head().revision();
  CHECK(head == saved + 1);
  const std::vector<v1::Message> nothing = {MakeMessage("m"), MakeMessage("gone")};
  for (const auto mode : kModes) {
    const auto answer = f.Save(nothing, mode);
    CHECK(OutcomesOf(answer) == Outcomes{v1::SAVE_OUTCOME_UNCHANGED, v1::SAVE_OUTCOME_WAS_DELETED});
    CHECK(answer.body.revision() == head);
  }
  CHECK(f.Head().revision() == head);
  const auto answer = f.Save({MakeMessage("m"), MakeMessage("gone"), MakeMessage("new")});
  CHECK(OutcomesOf(answer) ==
        Outcomes{v1::SAVE_OUTCOME_UNCHANGED, v1::SAVE_OUTCOME_WAS_DELETED, v1::SAVE_OUTCOME_CREATED});
  CHECK(answer.body.revision() == head + 1);
  CHECK(f.Head().revision() == head + 1);
}

TEST_CASE("checks go by device, identity, mailbox, epoch: so a repeat after a rotation is no failure") {
  Scene f;
  const auto member = f.AddMember();
  const ApiCaller theirs = f.As(*member);
  f.MustSave({MakeMessage("m")});
  const auto conflict = MakeMessage("m", "t", 1, std::string(50, 'x'));
  auto wrong_epoch = f.Saving({conflict});
  wrong_epoch.set_epoch_id(f.old->epoch_id.value() ^ 1);
  const auto saved_under_first = f.Saving({MakeMessage("m")}), new_under_first = f.Saving({MakeMessage("n")});

  f.CutOff(*member);
  CHECK(f.Mailbox().state() == v1::MAILBOX_STATE_ROTATION_REQUIRED);
  // The device, before all else.
  CHECK(theirs.Ask(&History::SaveMessages, saved_under_first).reason() == Reason::kDeviceRevoked);
  CHECK(theirs.Ask(&History::SaveMessages, wrong_epoch).reason() == Reason::kDeviceRevoked);
  // Identity, before state and epoch.
  CHECK(f.Me().Ask(&History::SaveMessages, wrong_epoch).reason() == Reason::kMessageConflict);
  CHECK(OutcomesOf(f.Me().Ask(&History::SaveMessages, saved_under_first)) == Outcomes{v1::SAVE_OUTCOME_UNCHANGED});
  // State, before the epoch.
  auto both = new_under_first;
  both.set_epoch_id(f.old->epoch_id.value() ^ 1);
  CHECK(f.Me().Ask(&History::SaveMessages, both).reason() == Reason::kRotationRequired);
  CHECK(f.Me().Ask(&History::SaveMessages, new_under_first).reason() == Reason::kRotationRequired);

  f.MustRotate({f.old.get()}, {}, {member.get()});
  const auto stale = f.Me().Ask(&History::SaveMessages, new_under_first);
  CHECK(stale.reason() == Reason::kEpochStale);
  CHECK(stale.detail("current_epoch_id") == std::to_string(f.old->epoch_id.value()));
  CHECK(stale.detail("current_sequence_id") == "1");
  CHECK(OutcomesOf(f.Me().Ask(&History::SaveMessages, saved_under_first)) == Outcomes{v1::SAVE_OUTCOME_UNCHANGED});
  // Under the new epoch the same bytes are another message: its key is another.
  CHECK(f.Save({MakeMessage("m")}).reason() == Reason::kMessageConflict);
  f.MustSave({MakeMessage("n")});
}

TEST_CASE("what was deleted stays so for whoever saves it again, and the rest of the batch is saved") {
  const Scene f;
  f.MustSave({MakeMessage("gone"), MakeMessage("stays")});
  CHECK(f.MustDelete({"gone"}) == 1);
  int n = 0;
  for (const auto mode : kModes) {
    const auto answer = f.Save(
        {MakeMessage("gone", "elsewhere", 7, std::string(99, 'z')), MakeMessage(fmt::format("new {}", n++))}, mode);
    CHECK(OutcomesOf(answer) == Outcomes{v1::SAVE_OUTCOME_WAS_DELETED, v1::SAVE_OUTCOME_CREATED});
  }
  CHECK(Ciphertext(f, "gone") == "(none)");
  CHECK(f.WalkAll().size() == 4);
}

TEST_CASE("a save beyond any bound is refused by the name of its field or limit, and nothing of it is kept") {
  const Scene f;
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
  using Spoil = std::function<void(v1::SaveMessagesRequest&)>;
  const auto message = [](auto change) {
    return [change](v1::SaveMessagesRequest& request) { change(*request.mutable_messages(1)); };
  };
  const struct {
    const char* field;
    Reason reason;
    Spoil spoil;
  } rows[] = {
      {"epoch_id", Reason::kInvalidField, [](auto& r) { r.set_epoch_id(0); }},
      {"epoch_id", Reason::kInvalidField, [](auto& r) { r.set_epoch_id(uint64_t{1} << 63); }},
      {"cipher_version", Reason::kInvalidField, [](auto& r) { r.set_cipher_version(1); }},
      {"cipher_version", Reason::kInvalidField, [](auto& r) { r.set_cipher_version(5); }},
      {"cipher_version", Reason::kInvalidField, [](auto& r) { r.set_cipher_version(~0u); }},
      {"on_conflict", Reason::kInvalidField, [](auto& r) { r.clear_on_conflict(); }},
      {"on_conflict", Reason::kInvalidField, [](auto& r) { r.set_on_conflict(static_cast<v1::OnConflict>(4)); }},
      {"messages", Reason::kInvalidField, [](auto& r) { r.clear_messages(); }},
      {"messages", Reason::kLimitExceeded,
       [](auto& r) {
         for (uint32_t i = 2; i <= limits::kSaveBatchMessages; ++i) *r.add_messages() = MakeMessage(std::to_string(i));
       }},
      {"messages", Reason::kLimitExceeded,
       [](auto& r) {
         const std::string large(limits::kMessageBytes, 'x');
         for (int i = 2; i < 10; ++i) *r.add_messages() = MakeMessage(std::to_string(i), "t", 1, large);
       }},
      {"messages[1].message_id", Reason::kInvalidField, message([](auto& m) { m.clear_message_id(); })},
      {"messages[1].message_id", Reason::kLimitExceeded,
       message([](auto& m) { m.set_message_id(std::string(limits::kMessageIdBytes + 1, 'm')); })},
      {"messages[1].thread_id", Reason::kInvalidField, message([](auto& m) { m.clear_thread_id(); })},
      {"messages[1].thread_id", Reason::kLimitExceeded,
       message([](auto& m) { m.set_thread_id(std::string(limits::kThreadIdBytes + 1, 't')); })},
      {"messages[1].ciphertext", Reason::kInvalidField, message([](auto& m) { m.clear_ciphertext(); })},
      {"messages[1].ciphertext", Reason::kInvalidField,
       message([](auto& m) { m.set_ciphertext(std::string(43, 'c')); })},
      {"messages[1].ciphertext", Reason::kLimitExceeded,
       message([](auto& m) { m.set_ciphertext(std::string(limits::kMessageBytes + 1, 'c')); })},
      {"messages[1].timestamp_ms", Reason::kInvalidField, message([](auto& m) { m.set_timestamp_ms(-1); })},
      {"messages[1].timestamp_ms", Reason::kInvalidField, message([](auto& m) { m.set_timestamp_ms(kLeast); })},
      {"messages[1].timestamp_ms", Reason::kInvalidField,
       message([](auto& m) { m.set_timestamp_ms(limits::kTimestampMs + 1); })},
      {"messages[1].timestamp_ms", Reason::kInvalidField, message([](auto& m) { m.set_timestamp_ms(kMost); })},
      {"messages[1].expire_ms", Reason::kInvalidField, message([](auto& m) { m.set_expire_ms(-1); })},
      {"messages[1].expire_ms", Reason::kInvalidField, message([](auto& m) { m.set_expire_ms(kLeast); })},
      {"messages[1].expire_ms", Reason::kInvalidField, message([](auto& m) { m.set_expire_ms(1); })},  // in the past
      {"messages[1].expire_ms", Reason::kInvalidField,
       message([](auto& m) { m.set_expire_ms(limits::kTimestampMs + 1); })},
      {"messages[1].expire_ms", Reason::kInvalidField, message([](auto& m) { m.set_expire_ms(kMost); })},
  };
  for (const auto& row : rows) {
    auto request = f.Saving({MakeMessage("0"), MakeMessage("1")});
    row.spoil(request);
    const auto answer = f.Me().Ask(&History::SaveMessages, request);
    INFO(row.field << ": " << answer.status.error_message());
    CHECK(answer.reason() == row.reason);
    CHECK(answer.field() == row.field);
  }
  CHECK(f.WalkAll().empty());

  // And each of them at its bound.
  f.MustSave({MakeMessage(std::string(limits::kMessageIdBytes, 'm'), std::string(limits::kThreadIdBytes, 't'), 0,
                          std::string(limits::kMessageBytes, 'c'), limits::kTimestampMs),
              MakeMessage("last", "t", limits::kTimestampMs)});
  std::vector<v1::Message> full;
  for (uint32_t i = 0; i < limits::kSaveBatchMessages; ++i) full.push_back(MakeMessage(fmt::format("full {}", i)));
  f.MustSave(full);
  for (const uint32_t version : {0, 2, 4}) {
    auto request = f.Saving({MakeMessage(fmt::format("version {}", version))});
    request.set_cipher_version(version);
    CHECK(f.Me().Ask(&History::SaveMessages, request).ok());
  }
}

TEST_CASE("a quota is exact: the last byte and the last message fit, one more doesn't, and deleting makes room") {
  const Scene f;
  const auto quota = f.Mailbox();
  if (quota.quota_bytes() > (64 << 20) || quota.quota_messages() > 10'000) {
    HandsFor("quotas (this deployment's are too large to be filled)");
    return;
  }
  // Two of whatever is left over, then all as large as they may be.
  const uint64_t rest = 88 + (quota.quota_bytes() - 88) % limits::kMessageBytes;
  const std::string large(limits::kMessageBytes, 'x');
  f.MustSave({MakeMessage("b0", "t", 1, std::string(rest / 2, 'x')),
              MakeMessage("b1", "t", 1, std::string(rest - rest / 2, 'x'))});
  int n = 2;
  for (uint64_t used = rest; used < quota.quota_bytes(); used += large.size()) {
    f.MustSave({MakeMessage(fmt::format("b{}", n++), "t", 1, large)});
  }
  CHECK(f.Mailbox().used_bytes() == quota.quota_bytes());
  const auto bytes = f.Save({MakeMessage("one more")});
  CHECK(bytes.reason() == Reason::kQuotaExceeded);
  CHECK(bytes.detail("limit") == "quota_bytes");
  CHECK(bytes.detail("value") == std::to_string(quota.quota_bytes()));
  // One may change or shrink, and none grow.
  const auto replace = [&](const std::string& id, std::size_t size) {
    return f.Save({MakeMessage(id, "t", 1, std::string(size, 'y'))}, v1::ON_CONFLICT_REPLACE);
  };
  CHECK(replace("b0", rest / 2 + 1).reason() == Reason::kQuotaExceeded);
  CHECK(replace("b2", large.size()).ok());
  CHECK(replace("b2", large.size() - 1).ok());
  CHECK(f.Mailbox().used_bytes() == quota.quota_bytes() - 1);
  CHECK(replace("b0", rest / 2 + 2).reason() == Reason::kQuotaExceeded);
  CHECK(replace("b0", rest / 2 + 1).ok());
  Ids all;
  for (int i = 0; i < n; ++i) all.push_back(fmt::format("b{}", i));
  for (std::size_t i = 0; i < all.size(); i += 100) {
    f.MustDelete(Ids(all.begin() + i, all.begin() + std::min(all.size(), i + 100)));
  }
  CHECK(f.Mailbox().used_bytes() == 0);

  std::vector<v1::Message> batch;
  for (uint64_t i = 0; i < quota.quota_messages(); ++i) {
    batch.push_back(MakeMessage(fmt::format("m{}", i)));
    if (batch.size() < limits::kSaveBatchMessages && i + 1 < quota.quota_messages()) continue;
    f.MustSave(batch);
    batch.clear();
  }
  CHECK(f.Mailbox().message_count() == quota.quota_messages());
  const auto messages = f.Save({MakeMessage("one more")});
  CHECK(messages.reason() == Reason::kQuotaExceeded);
  CHECK(messages.detail("limit") == "quota_messages");
  CHECK(f.MustDelete({"m0"}) == 1);
  f.MustSave({MakeMessage("one more")});
}

}  // namespace
}  // namespace labyrinth::conformance
