// Deletes, the feed, watching and downloads against the fake server.
#include "client/feed.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/history.h"
#include "client/testing/mailbox_fixture.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;
using testing::Text;

void SaveSome(MailboxFixture& f, int count, const std::string& prefix = "m") {
  for (int i = 0; i < count; ++i) {
    REQUIRE(f.laptop->history()
                .Save({Text("t" + std::to_string(i % 2), prefix + std::to_string(i), 100 + i / 2, std::to_string(i))})
                .ok());
  }
}

struct Downloaded {
  std::vector<std::string> ids;
  std::vector<Tampering> tampered;
  DownloadProgress last;
  std::string token;
  int batches = 0;
};

absl::Status DownloadInto(MailboxFixture& f, const DownloadQuery& query, Downloaded& all) {
  return f.laptop->history().Download(query, [&](const DownloadBatch& batch) {
    ++all.batches;
    for (const HistoryMessage& message : batch.messages) {
      if (message.tampered() != nullptr) all.tampered.push_back(message.tampered()->kind);
      if (message.verified() != nullptr) all.ids.push_back(message.row().message_id);
    }
    all.last = batch.progress;
    all.token = batch.resume_token;
    return absl::OkStatus();
  });
}

TEST_CASE("A download brings every message once, with exact totals") {
  MailboxFixture f;
  SaveSome(f, 11);
  Downloaded all;
  REQUIRE(DownloadInto(f, {}, all).ok());
  CHECK(all.ids.size() == 11);
  CHECK(std::set<std::string>(all.ids.begin(), all.ids.end()).size() == 11);
  CHECK(all.tampered.empty());
  CHECK(all.batches == 4);
  CHECK(all.last.total_count == 11);
  CHECK(all.last.done_count == 11);
  CHECK(all.last.vanished_count == 0);
  CHECK(all.last.done_bytes == all.last.total_bytes);

  SECTION("of one thread alone, newest first") {
    Downloaded thread;
    REQUIRE(DownloadInto(f, {.thread_id = "t1"}, thread).ok());
    CHECK(thread.ids == std::vector<std::string>{"m9", "m7", "m5", "m3", "m1"});
  }
  SECTION("of an empty mailbox: one batch, which is complete") {
    f.server.store.messages.clear();
    Downloaded none;
    REQUIRE(DownloadInto(f, {}, none).ok());
    CHECK(none.batches == 1);
  }
}

TEST_CASE("A stream that breaks after every batch goes on where it was") {
  MailboxFixture f;
  SaveSome(f, 20);
  int writes = 0;
  f.server.before = [&](const std::string& method) {
    return method == "DownloadHistory:write" && writes++ % 2 == 1 ? absl::UnavailableError("cut") : absl::OkStatus();
  };
  Downloaded all;
  REQUIRE(DownloadInto(f, {}, all).ok());
  CHECK(all.ids.size() == 20);
  CHECK(std::set<std::string>(all.ids.begin(), all.ids.end()).size() == 20);
  CHECK(f.server.calls["DownloadHistory"] > 6);
}

TEST_CASE("A download goes on in another process by its token, and counts what vanished") {
  MailboxFixture f;
  SaveSome(f, 9);
  Downloaded first;
  const absl::Status stopped = f.laptop->history().Download({}, [&](const DownloadBatch& batch) {
    for (const HistoryMessage& message : batch.messages) first.ids.push_back(message.row().message_id);
    first.token = batch.resume_token;
    return absl::CancelledError("enough");
  });
  CHECK(absl::IsCancelled(stopped));
  REQUIRE(first.ids.size() == 3);
  f.laptop.Open();
  const std::vector<std::string> gone = {"m1", first.ids[0]};  // one not sent yet, one sent
  REQUIRE(f.laptop->history().Delete(gone)->deleted == 2);
  Downloaded rest;
  // The batch that was refused wasn't taken, so that its token was; hence from after the three.
  REQUIRE(DownloadInto(f, {.resume_token = first.token}, rest).ok());
  CHECK(rest.ids.size() == 5);
  CHECK(rest.last.total_count == 9);
  CHECK(rest.last.done_count == 8);
  CHECK(rest.last.vanished_count == 1);
}

TEST_CASE("A download passes through what has vanished, however much, and not through nothing without end") {
  MailboxFixture f;
  SaveSome(f, 60);
  f.server.rows_passed = 1;
  Downloaded all;
  bool once = true;
  const absl::Status status = f.laptop->history().Download({}, [&](const DownloadBatch& batch) {
    all.last = batch.progress;
    if (std::exchange(once, false)) {
      f.server.Locked([](testing::FakeStore& store) { store.messages.resize(1); });
    }
    return absl::OkStatus();
  });
  INFO(std::string(status.message()));
  REQUIRE(status.ok());
  CHECK(all.last.total_count == 60);
  CHECK(all.last.vanished_count > 50);

  int number = 0;
  f.server.on_download = [&](v1::DownloadHistoryResponse& r) {
    r.clear_messages();
    r.set_done_count(0);
    r.set_done_bytes(0);
    r.set_resume_token("0:0:0:" + std::to_string(++number));
  };
  CHECK(Mentions(DownloadInto(f, {.resume_token = "0:0:0:0"}, all), "without end"));
}

TEST_CASE("What a lying server sends into a download is refused") {
  MailboxFixture f;
  SaveSome(f, 7);
  Downloaded all;
  SECTION("totals that change") {
    f.server.on_download = [](v1::DownloadHistoryResponse& r) { r.set_total_count(r.total_count() + r.done_count()); };
    CHECK(Mentions(DownloadInto(f, {}, all), "totals"));
  }
  SECTION("a count that doesn't match its rows") {
    f.server.on_download = [](v1::DownloadHistoryResponse& r) { r.mutable_messages()->RemoveLast(); };
    CHECK(Mentions(DownloadInto(f, {}, all), "totals"));
  }
  SECTION("an end too early") {
    f.server.on_download = [](v1::DownloadHistoryResponse& r) { r.clear_resume_token(); };
    CHECK(Mentions(DownloadInto(f, {}, all), "totals"));
  }
  SECTION("a stream without end") {
    f.server.on_download = [](v1::DownloadHistoryResponse& r) {
      if (!r.resume_token().empty()) r.set_resume_token("0:0:0:0");
    };
    CHECK_FALSE(DownloadInto(f, {}, all).ok());
  }
  SECTION("a row twice") {
    // All of one size, so that the totals hold.
    f.server.on_download = [](v1::DownloadHistoryResponse& r) {
      if (r.messages_size() > 1) *r.mutable_messages(1) = r.messages(0);
    };
    CHECK(DownloadInto(f, {}, all).ok());
    CHECK(std::count(all.tampered.begin(), all.tampered.end(), Tampering::kDuplicate) >= 1);
  }
  SECTION("a thread that comes back") {
    f.server.on_download = [](v1::DownloadHistoryResponse& r) {
      if (r.messages_size() == 3) r.mutable_messages()->SwapElements(0, 2);
    };
    CHECK(DownloadInto(f, {}, all).ok());
    CHECK_FALSE(all.tampered.empty());
  }
  SECTION("a flipped bit: that row alone") {
    std::string ciphertext = f.server.store.messages[3].ciphertext();
    ciphertext[40] = static_cast<char>(ciphertext[40] ^ 1);
    f.server.store.messages[3].set_ciphertext(ciphertext);
    CHECK(DownloadInto(f, {}, all).ok());
    CHECK(all.ids.size() == 6);
    CHECK(all.tampered == std::vector<Tampering>{Tampering::kUndecryptable});
  }
}

TEST_CASE("Deletes go in batches, name no id twice, and can be repeated") {
  MailboxFixture f;
  SaveSome(f, 5);
  std::vector<std::string> ids;
  for (int i = 0; i < 230; ++i) ids.push_back("m" + std::to_string(i % 115));
  const auto report = f.laptop->history().Delete(ids);
  REQUIRE(report.ok());
  CHECK(report->deleted == 5);
  CHECK(f.server.calls["DeleteMessages"] == 2);
  CHECK(f.laptop->history().Delete(ids)->deleted == 0);
  const auto saved = f.laptop->history().Save({Text("t", "m1", 1, "again")});
  REQUIRE(saved.ok());
  CHECK(saved->outcomes.front() == SaveOutcome::kWasDeleted);
  const std::vector<std::string> bad = {std::string(65, 'x')};
  CHECK(absl::IsInvalidArgument(f.laptop->history().Delete(bad).status()));
}

TEST_CASE("The feed tells what happened in the order of commits") {
  MailboxFixture f;
  const FeedCursor start = *f.laptop->history().Head();
  SaveSome(f, 4);
  REQUIRE(f.laptop->history().Save({Text("t0", "m0", 100, "edited")}, {.on_conflict = OnConflict::kReplace}).ok());
  const std::vector<std::string> gone = {"m1"};
  REQUIRE(f.laptop->history().Delete(gone).ok());
  auto phone = f.Join(2);

  std::vector<std::string> told;
  FeedCursor at = start;
  for (;;) {
    const auto batch = f.laptop->history().Changes(at);
    REQUIRE(batch.ok());
    for (const Commit& commit : batch->commits) {
      for (const HistoryChange& change : commit.changes) {
        std::string text = std::to_string(static_cast<int>(change.kind)) + change.message_id;
        if (change.message) text += "=" + change.message->verified()->content;
        told.push_back(text);
      }
    }
    at = batch->next;
    if (batch->next == batch->head) break;
  }
  CHECK(told == std::vector<std::string>{"0m2=2", "0m3=3", "1m0=edited", "2m1", "4", "4", "6"});
  CHECK(at == *f.laptop->history().Head());
  CHECK(f.laptop->history().Changes(at)->commits.empty());

  SECTION("and says where it can't") {
    f.server.store.feed_tail = at.revision;
    CHECK(ReasonOf(f.laptop->history().Changes(start).status()) == Reason::kResyncRequired);
    CHECK(ReasonOf(f.laptop->history().Changes({at.generation + 1, 1}).status()) == Reason::kStoreRestored);
  }
  SECTION("and a feed that lies is refused") {
    const struct {
      const char* what;
      void (*lie)(v1::ListChangesResponse&);
    } cases[] = {
        {"ascend", [](v1::ListChangesResponse& r) { r.mutable_changes(1)->set_revision(r.changes(0).revision()); }},
        {"backward", [](v1::ListChangesResponse& r) { r.mutable_next()->set_revision(1); }},
        {"backward", [](v1::ListChangesResponse& r) { r.mutable_head()->set_revision(1); }},
        {"generation", [](v1::ListChangesResponse& r) { r.mutable_next()->set_generation(9); }},
        {"bounds", [](v1::ListChangesResponse& r) { r.mutable_changes(0)->mutable_entries(0)->clear_message_id(); }},
        {"nearer",
         [](v1::ListChangesResponse& r) {
           r.clear_changes();
           r.mutable_next()->set_revision(2);
         }},
    };
    for (const auto& c : cases) {
      f.server.on_list_changes = c.lie;
      const absl::Status status = f.laptop->history().Changes(start).status();
      INFO(c.what << ": " << std::string(status.message()));
      CHECK((absl::IsDataLoss(status) && (Mentions(status, c.what) || start.revision != 2)));
    }
    f.server.on_list_changes = [](v1::ListChangesResponse& r) {
      r.mutable_changes(0)->mutable_entries(0)->mutable_message()->set_thread_id("t9");
    };
    const auto moved = f.laptop->history().Changes(start);
    REQUIRE(moved.ok());
    CHECK(moved->commits[0].changes[0].message->tampered() != nullptr);
  }
}

TEST_CASE("A watch goes on after breaks, from the last batch that was taken") {
  MailboxFixture f;
  const FeedCursor start = *f.laptop->history().Head();
  SaveSome(f, 10);
  auto phone = f.Join(2);
  int writes = 0;
  f.server.before = [&](const std::string& method) {
    return method == "Watch:write" && writes++ % 2 == 1 ? absl::UnavailableError("cut") : absl::OkStatus();
  };
  WatchStop stop;
  std::vector<std::string> ids;
  const absl::Status status = (*phone)->history().Watch(
      start, true,
      [&](const ChangeBatch& batch) {
        for (const Commit& commit : batch.commits) {
          for (const HistoryChange& change : commit.changes) {
            if (change.message) ids.push_back(change.message_id);
          }
        }
        if (batch.next == batch.head) stop.Request();
        return absl::OkStatus();
      },
      stop);
  CHECK(status.ok());
  CHECK(ids.size() == 10);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(f.server.calls["Watch"] > 2);
}

TEST_CASE("A watch ends by its stop, by the consumer, and by a final error") {
  MailboxFixture f;
  const FeedCursor head = *f.laptop->history().Head();
  SECTION("a stop from another thread, while it waits") {
    WatchStop stop;
    std::thread other;
    const absl::Status status = f.laptop->history().Watch(
        head, true,
        [&](const ChangeBatch&) {
          if (!other.joinable()) other = std::thread([&] { stop.Request(); });
          return absl::OkStatus();
        },
        stop);
    other.join();
    CHECK(status.ok());
    CHECK(f.laptop->history()
              .Watch(
                  head, true, [](const ChangeBatch&) { return absl::OkStatus(); }, stop)
              .ok());
  }
  SECTION("a stop while the server is away") {
    WatchStop stop;
    int tries = 0;
    f.server.before = [&](const std::string& method) -> absl::Status {
      if (method != "Watch") return absl::OkStatus();
      if (++tries == 5) stop.Request();
      return absl::UnavailableError("away");
    };
    CHECK(f.laptop->history()
              .Watch(
                  head, true, [](const ChangeBatch&) { return absl::OkStatus(); }, stop)
              .ok());
    CHECK(tries == 5);
    CHECK(f.laptop.sleeper.slept_ms.size() >= 4);
  }
  SECTION("the consumer's error") {
    WatchStop stop;
    const absl::Status status = f.laptop->history().Watch(
        head, true, [](const ChangeBatch&) { return absl::ResourceExhaustedError("full"); }, stop);
    CHECK(absl::IsResourceExhausted(status));
  }
  SECTION("a cursor that is too old") {
    WatchStop stop;
    f.server.store.feed_tail = head.revision;
    const absl::Status status = f.laptop->history().Watch(
        {head.generation, 0}, true, [](const ChangeBatch&) { return absl::OkStatus(); }, stop);
    CHECK(ReasonOf(status) == Reason::kResyncRequired);
  }
}

}  // namespace
}  // namespace labyrinth::client
