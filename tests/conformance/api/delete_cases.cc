// Messages that go: by a device's call, and by their time.
#include <catch2/catch.hpp>

#include "absl/time/clock.h"
#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

TEST_CASE("a device deletes what is there, once, and frees its quota") {
  const Scene f;
  f.MustSave({MakeMessage("a"), MakeMessage("b")});
  v1::DeleteMessagesRequest request;
  for (const char* id : {"a", "nothing"}) request.add_message_ids(id);
  const auto deleted = f.Me().Must(&History::DeleteMessages, request);
  CHECK(deleted.deleted_count() == 1);
  CHECK(deleted.revision() == f.Head().revision());
  CHECK(f.Mailbox().message_count() == 1);
  CHECK(f.Mailbox().used_bytes() == 44);
  CHECK(f.WalkAll() == Ids{"b"});
  const auto again = f.Me().Must(&History::DeleteMessages, request);
  CHECK(again.deleted_count() == 0);
  CHECK(again.revision() == deleted.revision());
  CHECK(f.Head().revision() == deleted.revision());
}

TEST_CASE("a deletion outside of its bounds is refused by name, and deletes nothing") {
  const Scene f;
  f.MustSave({MakeMessage("a")});
  const auto ask = [&](const Ids& ids) {
    v1::DeleteMessagesRequest request;
    *request.mutable_message_ids() = {ids.begin(), ids.end()};
    return f.Me().Ask(&History::DeleteMessages, request);
  };
  CHECK(ask({}).field() == "message_ids");
  CHECK(ask({"a", ""}).field() == "message_ids[1]");
  CHECK(ask(Ids(limits::kDeleteMessages + 1, "a")).reason() == Reason::kLimitExceeded);
  CHECK(ask({"a", std::string(limits::kMessageIdBytes + 1, 'a')}).reason() == Reason::kLimitExceeded);
  CHECK(f.WalkAll() == Ids{"a"});
}

TEST_CASE("an expired message is nowhere any more, whether or not it was swept, and doesn't come back") {
  Scene f;
  constexpr int64_t kMinute = 60'000;
  const int64_t expire_ms = f.Mailbox().server_time_ms() + kMinute;
  const v1::Cursor before = f.Head();
  f.MustSave({MakeMessage("goes", "t", 2, std::string(44, 'c'), expire_ms), MakeMessage("stays", "u", 1),
              MakeMessage("goes too", "u", 3, std::string(44, 'c'), expire_ms)});
  CHECK(f.WalkAll() == Ids{"goes too", "goes", "stays"});
  Hands* hands = HandsFor("the expiry of messages");
  if (hands == nullptr) return;
  f.Advance(*hands, kMinute);
  CHECK(f.WalkAll() == Ids{"stays"});
  v1::ListMessagesRequest thread;
  thread.set_thread_id("t");
  CHECK(f.Walk(thread).empty());
  CHECK(IdsOf(f.Me().Must(&History::ListThreads).newest_messages()) == Ids{"stays"});
  v1::BatchGetMessagesRequest by_id;
  by_id.add_message_ids("goes");
  CHECK(f.Me().Must(&History::BatchGetMessages, by_id).missing_message_ids_size() == 1);
  const auto content_of_feed = [&] {
    Ids ids;
    for (const v1::Change& change : f.ChangesSince(before, 500, true)) {
      for (const v1::ChangeEntry& entry : change.entries()) {
        if (entry.has_message()) ids.push_back(entry.message_id());
      }
    }
    return ids;
  };
  CHECK(content_of_feed() == Ids{"stays"});
  std::vector<v1::DownloadHistoryResponse> parts;
  CHECK(f.Me().EndOf(&History::DownloadHistory, {}, &parts).ok());
  CHECK(IdsIn(parts.back()) == Ids{"stays"});
  CHECK(parts.back().done_count() + parts.back().vanished_count() == parts.back().total_count());
  for (const auto mode : {v1::ON_CONFLICT_REJECT, v1::ON_CONFLICT_KEEP_EXISTING, v1::ON_CONFLICT_REPLACE}) {
    const auto answer = f.Save({MakeMessage("goes", "t", 2, std::string(60, 'd'))}, mode);
    REQUIRE(answer.ok());
    CHECK(answer.body.results(0).outcome() == v1::SAVE_OUTCOME_WAS_DELETED);
  }
  // The server comes by and sweeps.
  f.Advance(*hands, limits::kExpirySlackMs);
  for (int tries = 0; f.Mailbox().message_count() != 1; ++tries) {
    REQUIRE(tries < 300);
    absl::SleepFor(absl::Milliseconds(100));
  }
  CHECK(f.Mailbox().used_bytes() == 44);
  CHECK(content_of_feed() == Ids{"stays"});
  int expired = 0;
  for (const v1::Change& change : f.ChangesSince(before)) {
    for (const v1::ChangeEntry& entry : change.entries()) expired += entry.kind() == v1::CHANGE_KIND_EXPIRED;
  }
  CHECK(expired == 2);
}

}  // namespace
}  // namespace labyrinth::conformance
