// Downloads: fixed totals, streams that break, and what changes meanwhile.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

constexpr std::size_t kSize = 200 * 1024;  // five of them fit into a response
constexpr int kCount = 24;

uint64_t SaveLarge(const Scene& f, int first, int count) {
  uint64_t revision = 0;
  for (int n = first; n < first + count; ++n) {
    const std::string thread = n % 2 == 0 ? "even" : "odd";
    revision = f.MustSave({MakeMessage(fmt::format("m{}", n), thread, 1000 - n, std::string(kSize, 'c'))});
  }
  return revision;
}

// Each response against the ones before it. The ids that it brought, each once.
std::set<std::string> CheckParts(const std::vector<v1::DownloadHistoryResponse>& parts) {
  REQUIRE_FALSE(parts.empty());
  std::set<std::string> ids;
  uint64_t bytes = 0;
  for (const v1::DownloadHistoryResponse& part : parts) {
    CHECK(part.total_count() == parts[0].total_count());
    CHECK(part.total_bytes() == parts[0].total_bytes());
    CHECK(part.as_of().revision() == parts[0].as_of().revision());
    CHECK(part.as_of().generation() == parts[0].as_of().generation());
    uint64_t in_part = 0;
    for (const v1::Message& message : part.messages()) {
      CHECK(ids.insert(message.message_id()).second);
      in_part += message.ciphertext().size();
    }
    CHECK(in_part <= limits::kDownloadBytes);
    bytes += in_part;
    CHECK(part.done_count() == ids.size());
    CHECK(part.done_bytes() == bytes);
    const bool last = &part == &parts.back();
    CHECK(part.resume_token().empty() == last);
    if (!last) CHECK(part.vanished_count() + part.vanished_bytes() == 0);
  }
  const v1::DownloadHistoryResponse& last = parts.back();
  CHECK(last.done_count() + last.vanished_count() == last.total_count());
  CHECK(last.done_bytes() + last.vanished_bytes() == last.total_bytes());
  return ids;
}

TEST_CASE("a download brings the whole mailbox, or one thread, with exact totals") {
  const Scene f;
  const uint64_t revision = SaveLarge(f, 0, kCount);
  for (const std::string thread : {"", "odd", "nowhere"}) {
    v1::DownloadHistoryRequest request;
    request.set_thread_id(thread);
    std::vector<v1::DownloadHistoryResponse> parts;
    CHECK(f.Me().EndOf(&History::DownloadHistory, request, &parts).ok());
    const uint64_t count = thread.empty() ? kCount : thread == "odd" ? kCount / 2 : 0;
    CHECK(CheckParts(parts).size() == count);
    CHECK(parts[0].total_count() == count);
    CHECK(parts[0].total_bytes() == count * kSize);
    CHECK(parts.back().vanished_count() == 0);
    CHECK(parts[0].as_of().revision() == revision);
    CHECK(parts.size() >= count * kSize / limits::kDownloadBytes);
  }
  v1::DownloadHistoryRequest request;
  request.set_thread_id(std::string(limits::kThreadIdBytes + 1, 't'));
  CHECK(ReasonOfCall(f.Me().EndOf(&History::DownloadHistory, request)) == Reason::kLimitExceeded);
}

TEST_CASE("a stream that broke goes on from its token, and what went or came meanwhile is told by the sums") {
  const Scene f;
  SaveLarge(f, 0, kCount);
  std::vector<v1::DownloadHistoryResponse> parts;
  std::string token;
  for (int broken = 0; broken < 2; ++broken) {
    const auto stream = f.MyHistory().Download("", token);
    parts.push_back(stream->MustNext());
    token = parts.back().resume_token();
    REQUIRE_FALSE(token.empty());
    stream->Break();
    SaveLarge(f, 100 + broken, 1);  // isn't in it
  }
  std::set<std::string> got;
  for (const auto& part : parts) {
    for (const std::string& id : IdsIn(part)) got.insert(id);
  }
  // Of what hasn't been sent: one goes, one is replaced. Of what has: one goes, which the feed tells.
  Ids unsent;
  for (int n = 0; n < kCount; ++n) {
    if (!got.contains(fmt::format("m{}", n))) unsent.push_back(fmt::format("m{}", n));
  }
  REQUIRE(unsent.size() >= 2);
  CHECK(f.MustDelete({unsent[0], *got.begin()}) == 2);
  const int n = std::stoi(unsent[1].substr(1));
  REQUIRE(f.Save({MakeMessage(unsent[1], n % 2 == 0 ? "even" : "odd", 1000 - n, std::string(50, 'x'))},
                 v1::ON_CONFLICT_REPLACE)
              .ok());

  v1::DownloadHistoryRequest request;
  for (const std::string& text : {std::string("x"), token.substr(1), token + "A"}) {
    request.set_resume_token(text);
    CHECK(ReasonOfCall(f.Me().EndOf(&History::DownloadHistory, request)) == Reason::kPageTokenInvalid);
  }
  request.set_resume_token(token);
  request.set_thread_id("odd");
  CHECK(ReasonOfCall(f.Me().EndOf(&History::DownloadHistory, request)) == Reason::kPageTokenInvalid);
  const Scene other;
  request.clear_thread_id();
  CHECK(ReasonOfCall(other.Me().EndOf(&History::DownloadHistory, request)) == Reason::kPageTokenInvalid);
  CHECK(f.Me().EndOf(&History::DownloadHistory, request, &parts).ok());
  const auto ids = CheckParts(parts);
  CHECK(ids.size() == kCount - 2);
  CHECK_FALSE(ids.contains(unsent[0]));
  CHECK_FALSE(ids.contains(unsent[1]));
  CHECK(parts.back().total_count() == kCount);
  CHECK(parts.back().vanished_count() == 2);
  CHECK(parts.back().vanished_bytes() == 2 * kSize);
  // Applied after it, the feed leads to what the mailbox has.
  std::set<std::string> have = ids;
  for (const v1::Change& change : f.ChangesSince(parts.back().as_of())) {
    for (const v1::ChangeEntry& entry : change.entries()) {
      if (entry.kind() == v1::CHANGE_KIND_DELETED) have.erase(entry.message_id());
      if (entry.kind() != v1::CHANGE_KIND_DELETED) have.insert(entry.message_id());
    }
  }
  const Ids all = f.WalkAll();
  CHECK(have == std::set<std::string>(all.begin(), all.end()));
}

}  // namespace
}  // namespace labyrinth::conformance
