// The membership log against servers that lie about it.
#include "client/verified_log.h"

#include <catch2/catch.hpp>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;

// create, three epochs: four entries.
struct LogFixture : MailboxFixture {
  LogFixture() {
    for (int i = 0; i < 3; ++i) REQUIRE(laptop->devices().Rotate().ok());
    REQUIRE(server.store.log.size() == 4);
  }

  // What the device says in the same process, and after it started again (from its kept head alone).
  void RequireError(const std::string& text) {
    absl::Status status = laptop->mailbox().Info().status();
    INFO(std::string(status.message()));
    CHECK(absl::IsDataLoss(status));
    CHECK(Mentions(status, text));
    RequireErrorAfterRestart(text);
  }
  void RequireErrorAfterRestart(const std::string& text) {
    laptop.Open();
    const absl::Status status = laptop->mailbox().Info().status();
    INFO(std::string(status.message()));
    CHECK(absl::IsDataLoss(status));
    CHECK(Mentions(status, text));
  }
};

TEST_CASE("An honest log is read over pages, in one process and from the kept head") {
  LogFixture f;
  REQUIRE(f.laptop->mailbox().Info().ok());
  f.laptop.Open();
  const auto info = f.laptop->mailbox().Info();
  REQUIRE(info.ok());
  CHECK(info->log_index == 3);
  CHECK(info->epoch_sequence == 3);
}

TEST_CASE("A log that became shorter is refused by name") {
  LogFixture f;
  f.server.store.log.pop_back();
  f.server.store.heads.pop_back();
  f.RequireError("shorter");
}

TEST_CASE("A log that was cut while it still names its old head is refused") {
  LogFixture f;
  f.server.on_list_log = [](const v1::ListLogRequest& request, v1::ListLogResponse& response) {
    if (!request.page_token().empty()) response.clear_log_entries();
  };
  f.RequireErrorAfterRestart("shorter");
}

// The fork is validly signed: a copy of the device's profile, rolled back to the mailbox's creation, goes its own way
// on a server that keeps both apart.
TEST_CASE("A forked log is refused by name, whatever its length") {
  testing::TempDir copies;
  MailboxFixture f;
  f.laptop.Close();
  f.laptop.CopyProfile(copies.path("early"));
  f.laptop.Open();
  const testing::FakeStore at_creation = f.server.store;
  for (int i = 0; i < 3; ++i) REQUIRE(f.laptop->devices().Rotate().ok());

  testing::FakeServer other(testing::kAccount);
  other.store = at_creation;
  testing::TestClient twin(other, 99, copies.path("early"));
  for (int i = 0; i < 3; ++i) REQUIRE(twin->devices().Rotate().ok());

  const auto refused = [&] {
    const absl::Status status = f.laptop->mailbox().Info().status();
    INFO(std::string(status.message()));
    return absl::IsDataLoss(status) && Mentions(status, "forked");
  };
  // Of the same length, in one process and from the kept head alone; then longer.
  f.server.store = other.store;
  CHECK(refused());
  f.laptop.Open();
  CHECK(refused());
  REQUIRE(twin->devices().Rotate().ok());
  f.server.store = other.store;
  f.laptop.Open();
  CHECK(refused());
}

TEST_CASE("A head that the entries don't reach is refused") {
  LogFixture f;
  f.server.on_list_log = [](const v1::ListLogRequest&, v1::ListLogResponse& response) {
    response.set_head_index(response.head_index() + 1);
  };
  f.RequireError("withheld");
}

TEST_CASE("Another head at the same index is a fork") {
  LogFixture f;
  f.server.on_list_log = [](const v1::ListLogRequest&, v1::ListLogResponse& response) {
    response.mutable_head()->front() ^= 1;
  };
  f.RequireError("forked");
}

TEST_CASE("An entry with a bad signature, byte or place is refused with its index") {
  LogFixture f;
  const testing::FakeStore real = f.server.store;
  f.server.store.log[2].mutable_signature()->front() ^= 1;
  f.RequireErrorAfterRestart("entry 2");
  f.server.store = real;
  f.server.store.log[1].mutable_entry()->back() ^= 1;
  f.RequireErrorAfterRestart("entry 1");
  f.server.store = real;
  std::swap(f.server.store.log[1], f.server.store.log[2]);
  f.RequireErrorAfterRestart("forked");
  f.server.store = real;
  f.server.store.log[1].clear_entry();
  f.RequireErrorAfterRestart("entry 1");
  f.server.store = real;
  f.server.store.log[1].set_signature("short");
  f.RequireErrorAfterRestart("signature");
}

TEST_CASE("A log of other names is refused") {
  LogFixture f;
  // A log that is whole in itself, but another account's.
  testing::FakeServer other("bob");
  testing::TestClient bob(other, 5, "", "bob");
  REQUIRE(bob->mailbox().Create().ok());
  f.server.store.log = other.store.log;
  f.server.store.heads = other.store.heads;
  f.RequireErrorAfterRestart("entry 0");
}

TEST_CASE("A log without end, an empty one and endless paging are refused") {
  LogFixture f;
  f.server.on_list_log = [](const v1::ListLogRequest&, v1::ListLogResponse& response) {
    response.set_next_page_token("0");
  };
  f.RequireErrorAfterRestart("forked");  // the same entries again don't continue the log
  f.server.on_list_log = [n = 0](const v1::ListLogRequest&, v1::ListLogResponse& response) mutable {
    response.clear_log_entries();
    response.set_next_page_token(std::to_string(++n));
  };
  f.RequireErrorAfterRestart("empty pages");
  f.server.on_list_log = [](const v1::ListLogRequest&, v1::ListLogResponse& response) { response.Clear(); };
  f.RequireErrorAfterRestart("empty");
}

TEST_CASE("What failed to verify is not kept") {
  LogFixture f;
  const testing::FakeStore real = f.server.store;
  f.server.store.log[2].mutable_signature()->front() ^= 1;
  f.RequireErrorAfterRestart("entry 2");
  f.server.store = real;
  CHECK(f.laptop->mailbox().Info().ok());
}

}  // namespace
}  // namespace labyrinth::client
