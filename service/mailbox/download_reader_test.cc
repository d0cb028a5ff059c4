// What a download brings, and that its sums are exact.
#include "service/mailbox/download_reader.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "common/limits.h"
#include "service/mailbox/testing/download_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;

constexpr int64_t kExpireMs = kTestNowMs + 1000;

void CheckDone(const DownloadProgress& progress, uint64_t total, uint64_t done) {
  CHECK(progress.total_count == total);
  CHECK(progress.total_bytes == total * kLarge);
  CHECK(progress.done_count == done);
  CHECK(progress.done_bytes == done * kLarge);
}

TEST_CASE("a download brings everything once, thread by thread, newest first, with exact sums") {
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("");
  const std::vector<DownloadPart> parts = f.Rest(download);
  REQUIRE(parts.size() == 3);
  CHECK(DownloadFixture::Joined(parts) ==
        Ids{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"});
  for (const DownloadPart& part : parts) CHECK(part.progress.as_of == f.Revision());
  CheckDone(parts[0].progress, 12, 5);
  CheckDone(parts[1].progress, 12, 10);
  CheckDone(parts[2].progress, 12, 12);
  CHECK(parts[0].messages[0].thread_id() == "t");
  CHECK(parts[2].messages.back().thread_id() == "u");
  CHECK(parts[2].messages.back().record.ciphertext() == std::string(kLarge, 'c'));
}

TEST_CASE("a thread's download knows nothing of the others") {
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("u");
  const std::vector<DownloadPart> parts = f.Rest(download);
  CHECK(DownloadFixture::Joined(parts) == Ids{"m7", "m8", "m9", "m10", "m11"});
  CheckDone(parts.back().progress, 5, 5);
  for (const MessageView& message : parts[0].messages) CHECK(message.thread_id() == "u");
}

TEST_CASE("nothing is downloaded in one part") {
  DownloadFixture f;
  if (GENERATE(true, false)) f.SaveTwelve();
  for (const std::string thread : {"", "nowhere"}) {
    if (thread.empty() && f.mailbox.Head().message_count() != 0) continue;
    Download download = f.MustOpen(thread);
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.empty());
    CHECK(part.resume_token.empty());
    CHECK(part.progress.as_of == f.Revision());
    CheckDone(part.progress, 0, 0);
  }
}

TEST_CASE("what changes meanwhile is left to the feed") {
  DownloadFixture f;
  f.SaveTwelve();
  const std::string thread = GENERATE("", "t");
  Download download = f.MustOpen(thread);
  const uint64_t as_of = f.Revision();
  const DownloadPart first = f.MustNext(download);
  CHECK(IdsOf(first.messages) == Ids{"m0", "m1", "m2", "m3", "m4"});
  f.Erase("m5");
  f.SaveLarge("m6", "t", 1000 - 6, 'x');   // replaced
  f.SaveLarge("m0", "t", 1000, 'x');       // replaced after its turn
  f.SaveLarge("m5b", "t", 1000 - 5, 'x');  // saved where the download has yet to come
  f.SaveLarge("v", "v", 1, 'x');
  const std::vector<DownloadPart> rest = f.Rest(download);
  CHECK(DownloadFixture::Joined(rest) == (thread.empty() ? Ids{"m7", "m8", "m9", "m10", "m11"} : Ids{}));
  CHECK(rest.back().progress.as_of == as_of);
  thread.empty() ? CheckDone(rest.back().progress, 12, 10) : CheckDone(rest.back().progress, 7, 5);
}

TEST_CASE("what expires before its turn doesn't come, nor does what expired before and isn't swept") {
  DownloadFixture f;
  f.Save({MakeMessage("early", "t", 3, std::string(kLarge, 'c'), kExpireMs - 500),
          MakeMessage("late", "t", 2, std::string(kLarge, 'c'), kExpireMs),
          MakeMessage("never", "t", 1, std::string(kLarge, 'c'))});
  f.server.clock().Set(kExpireMs - 500);
  SECTION("before") {
    Download download = f.MustOpen("");
    const DownloadPart part = f.MustNext(download);
    CHECK(IdsOf(part.messages) == Ids{"late", "never"});
    CheckDone(part.progress, 3, 2);
  }
  SECTION("meanwhile") {
    for (int i = 0; i < 5; ++i) f.SaveLarge(fmt::format("first{}", i), "t", 100 - i);
    Download download = f.MustOpen("");
    CHECK(f.MustNext(download).messages.size() == 5);
    f.server.clock().Set(kExpireMs);
    const DownloadPart part = f.MustNext(download);
    CHECK(IdsOf(part.messages) == Ids{"never"});
    CheckDone(part.progress, 8, 6);
  }
}

TEST_CASE("a download goes on from any token, and its sums with it") {
  DownloadFixture f;
  f.SaveTwelve();
  const std::string thread = GENERATE("", "t");
  Download whole = f.MustOpen(thread);
  const std::vector<DownloadPart> expected = f.Rest(whole);
  std::vector<DownloadPart> parts;
  std::string token;
  do {
    Download download = f.MustOpen(thread, token);  // each part on a stream of its own
    parts.push_back(f.MustNext(download));
    token = parts.back().resume_token;
  } while (!token.empty());
  CHECK(DownloadFixture::Joined(parts) == DownloadFixture::Joined(expected));
  CHECK(parts.back().progress.done_count == expected.back().progress.done_count);
  CHECK(parts.back().progress.as_of == expected.back().progress.as_of);
  // Twice from the same token is twice the same.
  for (int i = 0; i < 2; ++i) {
    Download again = f.MustOpen(thread, parts[0].resume_token);
    CHECK(IdsOf(f.MustNext(again).messages) == IdsOf(expected[1].messages));
  }
}

TEST_CASE("another device of the mailbox may go on, with its own standing") {
  DownloadFixture f;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  f.SaveTwelve();
  Download download = f.MustOpen("");
  const std::string token = f.MustNext(download).resume_token;
  const Caller caller = f.mailbox.CallerOf(other);
  Download resumed = f.Open(caller, "", token).value();
  CHECK(f.MustNext(resumed).messages.size() == 5);
  f.mailbox.CutOff(other.id);
  CHECK(ReasonIn(f.Next(resumed)) == Reason::kDeviceRevoked);
  CHECK(f.MustNext(download).messages.size() == 5);
}

TEST_CASE("a token goes on with its own download alone") {
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("t");
  const std::string token = f.MustNext(download).resume_token;
  REQUIRE_FALSE(token.empty());
  CHECK(f.Open(f.Me(), "t", token).ok());
  const auto refused = [&](const Caller& caller, const std::string& thread, const std::string& with) {
    CHECK(ReasonIn(f.Open(caller, thread, with)) == Reason::kPageTokenInvalid);
  };
  refused(f.Me(), "u", token);
  refused(f.Me(), "", token);
  refused(f.Me(), "t", token + "A");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string altered = token;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    refused(f.Me(), "t", altered);
  }
  Caller later = f.Me();
  later.incarnation += 1;
  refused(later, "t", token);
  // A page's token says nothing of sums.
  const auto page = f.server.Ask<MessagePage>([&](auto done) {
    f.server.history().ListMessages(f.Me(), {"t", 0, kEndOfTime, true}, {1, ""}, absl::InfiniteFuture(),
                                    std::move(done));
  });
  refused(f.Me(), "t", page->next_token);
}

TEST_CASE("only a member's device may download") {
  DownloadFixture f;
  f.SaveTwelve();
  for (const std::string thread : {"", "t", "nowhere"}) {
    Caller caller = f.mailbox.CallerOf(f.code);
    Download by_code = f.Open(caller, thread).value();
    CHECK(ReasonIn(f.Next(by_code)) == Reason::kTokenInvalid);
    caller = f.Me();
    caller.device_id = DeviceId(77);
    Download by_stranger = f.Open(caller, thread).value();
    CHECK(ReasonIn(f.Next(by_stranger)) == Reason::kDeviceRevoked);
  }
}

TEST_CASE("many small threads come whole, each message under its own") {
  DownloadFixture f;
  constexpr int kThreads = 2500;  // more than twice as many as are read at a time
  for (int i = 0; i < kThreads; i += 100) {
    std::vector<SaveMessage> batch;
    for (int j = i; j < i + 100; ++j) batch.push_back(MakeMessage(fmt::format("m{}", j), fmt::format("t{}", j), j));
    f.Save(std::move(batch));
  }
  Download download = f.MustOpen("");
  int next = 0;
  std::string token;
  for (bool more = true; more;) {
    const DownloadPart part = f.MustNext(download);
    for (const MessageView& message : part.messages) {
      REQUIRE(message.record.message_id() == fmt::format("m{}", next));
      REQUIRE(message.thread_id() == fmt::format("t{}", next));
      ++next;
    }
    more = !part.resume_token.empty();
    if (more) download = f.MustOpen("", part.resume_token);
  }
  CHECK(next == kThreads);
}

TEST_CASE("threads that have no messages left are passed over, however many") {
  DownloadFixture f;
  for (int i = 0; i < 2500; i += 100) {
    std::vector<SaveMessage> batch;
    for (int j = i; j < i + 100; ++j) batch.push_back(MakeMessage(fmt::format("m{}", j), fmt::format("t{}", j), j));
    f.Save(std::move(batch));
  }
  for (int i = 0; i < 2499; ++i) f.Erase(fmt::format("m{}", i));
  Download download = f.MustOpen("");
  const std::vector<DownloadPart> parts = f.Rest(download);
  CHECK(DownloadFixture::Joined(parts) == Ids{"m2499"});
  CHECK(parts.size() <= 2);
  CHECK(parts.back().messages[0].thread_id() == "t2499");
}

TEST_CASE("a thread's download ends where the thread was emptied, also if it was used again") {
  const bool same_stream = GENERATE(true, false);
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("t");
  const DownloadPart first = f.MustNext(download);
  REQUIRE_FALSE(first.resume_token.empty());
  CHECK(f.server.Do(DeleteRequest{f.Me(), {"m0", "m1", "m2", "m3", "m4", "m5", "m6"}}).ok());
  if (!same_stream) download = f.MustOpen("t", first.resume_token);
  // Its rows now stand behind those of "u".
  f.SaveLarge("new", "t", 1);
  const DownloadPart last = f.MustNext(download);
  CHECK(last.messages.empty());
  CHECK(last.resume_token.empty());
  CHECK(last.progress.done_count == first.messages.size());
  CHECK(last.progress.total_count == 7);
}

TEST_CASE("a thread that is emptied and used again before its download begins is downloaded as it is then") {
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("t");
  f.server.faults().ScriptReads({storage::ReadFault::kHoldReply});
  std::optional<absl::StatusOr<DownloadPart>> answer;
  f.server.downloads().Next(download, absl::InfiniteFuture(),
                            [&](absl::StatusOr<DownloadPart> part) { answer = std::move(part); });
  REQUIRE_FALSE(answer.has_value());  // its number has been looked up
  CHECK(f.server.Do(DeleteRequest{f.Me(), {"m0", "m1", "m2", "m3", "m4", "m5", "m6"}}).ok());
  f.SaveLarge("new", "t", 1);
  f.server.faults().Release();
  f.server.Settle();
  REQUIRE(answer.has_value());
  REQUIRE((*answer)->messages.size() == 1);
  CHECK((*answer)->messages[0].record.message_id() == "new");
  CHECK((*answer)->progress.total_count == 1);
}

TEST_CASE("damage is reported, not passed over") {
  DownloadFixture f;
  f.SaveTwelve();
  Download download = f.MustOpen("");
  SECTION("a thread without its record") {
    const uint32_t number = GENERATE(1u, 2u);
    f.server.Overwrite(f.mailbox.partition(), {{keys::Thread(number), std::nullopt}});
    absl::StatusOr<DownloadPart> part = f.Next(download);
    for (int parts = 1; part.ok() && parts < 5; ++parts) part = f.Next(download);
    CHECK(ReasonIn(part) == Reason::kDataDamaged);
  }
  SECTION("a row that is no message") {
    const auto location =
        f.server.Find<storage_v1::MessageLocation>(f.mailbox.partition(), keys::MessageLocation("m2")).value();
    const storage::Place place{location.place().timestamp_ms(), location.place().revision(), 0};
    const std::string key = keys::Message(location.thread_number(), place);
    const std::string row = f.server.RowAt(f.mailbox.partition(), key).value();
    for (const std::string& damaged : {std::string("\xff"), row.substr(0, 100), row + '\xff'}) {
      f.server.Overwrite(f.mailbox.partition(), {{key, damaged}});
      Download again = f.MustOpen("");
      CHECK(ReasonIn(f.Next(again)) == Reason::kDataDamaged);
    }
  }
  SECTION("more than the counters say") {
    auto head = f.mailbox.Head();
    const bool fewer_messages = GENERATE(true, false);
    fewer_messages ? head.set_message_count(11) : head.set_used_bytes(12 * kLarge - 1);
    f.server.Overwrite(f.mailbox.partition(), {{keys::Head(), head.SerializeAsString()}});
    CHECK(f.Next(download).ok());
    CHECK(f.Next(download).ok());
    CHECK(ReasonIn(f.Next(download)) == Reason::kDataDamaged);
  }
  SECTION("a store that can't be read") {
    const auto fault = GENERATE(storage::ReadFault::kFail, storage::ReadFault::kDamaged);
    f.server.faults().ScriptReads({fault});
    CHECK(ReasonIn(f.Next(download)) ==
          (fault == storage::ReadFault::kFail ? Reason::kEngineUnavailable : Reason::kDataDamaged));
  }
}

TEST_CASE("whatever happens between parts: all that stayed comes once, what came was there, and the sums are exact") {
  const uint64_t seed = GENERATE(range(1, 13));
  DownloadFixture f(seed);
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> stored;  // ciphertexts
  int next_id = 0;
  const auto content = [&] { return std::string(1 + random() % limits::kMessageBytes, static_cast<char>(random())); };
  const auto save_new = [&] {
    const std::string id = fmt::format("m{}", next_id++);
    stored[id] = content();
    f.Save({MakeMessage(id, fmt::format("t{}", random() % 4), static_cast<int64_t>(random() % 50), stored[id])});
  };
  for (int i = 0; i < 40; ++i) save_new();
  const auto at_start = stored;
  uint64_t total_bytes = 0;
  for (const auto& [id, text] : at_start) total_bytes += text.size();
  std::set<std::string> touched;  // since the start
  std::map<std::string, std::string> received;
  uint64_t received_bytes = 0;
  Download download = f.MustOpen("");
  for (bool more = true; more;) {
    const DownloadPart part = f.MustNext(download);
    for (const MessageView& message : part.messages) {
      const std::string id(message.record.message_id());
      REQUIRE(received.emplace(id, message.record.ciphertext()).second);
      REQUIRE(stored.at(id) == message.record.ciphertext());
      REQUIRE(at_start.contains(id));
      REQUIRE_FALSE(touched.contains(id));
      received_bytes += message.record.ciphertext().size();
    }
    REQUIRE(part.progress.total_count == at_start.size());
    REQUIRE(part.progress.total_bytes == total_bytes);
    REQUIRE(part.progress.done_count == received.size());
    REQUIRE(part.progress.done_bytes == received_bytes);
    more = !part.resume_token.empty();
    if (more && random() % 2 == 0) download = f.MustOpen("", part.resume_token);
    for (uint64_t i = random() % 6; i > 0; --i) {
      const auto any = std::next(stored.begin(), static_cast<int64_t>(random() % stored.size()));
      if (random() % 3 == 0) {
        save_new();
      } else if (random() % 2 == 0) {
        f.Erase(any->first);
        touched.insert(any->first);
        stored.erase(any);
      } else {
        const auto found = f.server.Ask<MessagesById>([&](auto done) {
          f.server.history().BatchGet(f.Me(), {any->first}, absl::InfiniteFuture(), std::move(done));
        });
        const MessageView& view = found->messages.at(0);
        any->second = content();
        f.Save({MakeMessage(any->first, view.thread_id(), view.place.timestamp_ms, any->second)}, OnConflict::kReplace);
        touched.insert(any->first);
      }
    }
  }
  for (const auto& [id, text] : at_start) CHECK((touched.contains(id) || received.contains(id)));
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
