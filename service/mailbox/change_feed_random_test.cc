// Whoever follows the feed has what the mailbox has: random operations, and followers that begin at different moments.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "common/limits.h"
#include "service/mailbox/change_reader.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

constexpr int64_t kEndMs = int64_t{1} << 48;

// What a client knows of a message: everything.
using Known = std::map<std::string, std::string>;

std::string TextOf(const MessageView& view) {
  return fmt::format("{} {} {} {} {} {}", view.thread_id(), view.place.timestamp_ms, view.record.epoch_id(),
                     view.record.ciphertext(), view.record.expire_ms(), view.revision());
}

// A client that applies changes page by page.
struct Follower {
  uint64_t at = 0;
  bool include_messages = false;
  Known messages;
  std::set<uint64_t> devices;
};

struct World {
  explicit World(uint64_t seed) : server(seed), random(seed), mailbox(server) { mailbox.Create(); }

  uint64_t Draw(uint64_t below) { return random() % below; }
  std::string AnyId() { return fmt::format("m{}", Draw(40)); }

  // Messages keep their thread and time for ever: another would be a conflict.
  SaveMessage Make(const std::string& id) {
    const auto hash = std::hash<std::string>()(id);
    const int64_t expire_ms = Draw(4) == 0 ? server.clock().NowMs() + 1 + static_cast<int64_t>(Draw(3000)) : 0;
    return MakeMessage(id, fmt::format("t{}", hash % 5), static_cast<int64_t>(hash % 1000),
                       fmt::format("content {}", Draw(1000)) + std::string(Draw(8) == 0 ? 100'000 : 0, 'c'), expire_ms);
  }
  void Save() {
    std::map<std::string, SaveMessage> batch;
    for (uint64_t i = 0; i <= Draw(4); ++i) {
      const std::string id = AnyId();
      batch[id] = Make(id);
    }
    std::vector<SaveMessage> messages;
    for (auto& [id, message] : batch) messages.push_back(std::move(message));
    const auto mode = Draw(2) == 0 ? OnConflict::kReplace : OnConflict::kKeepExisting;
    server.Start(mailbox.Save(mailbox.first(), std::move(messages), mode));
  }
  void Step() {
    switch (Draw(12)) {
      case 0:
        server.Settle();
        server.clock().Advance(static_cast<int64_t>(Draw(700)));
        break;
      case 1:
        server.Settle();
        if (codes.size() < 3) {
          codes.push_back(mailbox.AddVirtualDevice(mailbox.first()));
        } else {
          mailbox.Revoke(mailbox.first(), codes.front().id);
          codes.erase(codes.begin());
          mailbox.Rotate(mailbox.first());
        }
        break;
      case 2:
        CHECK(server.Do(mailbox.CallerOf(mailbox.first())).ok());  // a sign-in: a commit with nothing to tell
        break;
      default:
        // Some meet in one commit.
        server.WhileBusy(mailbox.partition(), [&] {
          for (uint64_t i = 0; i <= Draw(3); ++i) Save();
        });
    }
  }

  Known Now() {
    Known now;
    std::string token;
    do {
      const auto page = server.Ask<MessagePage>([&](auto done) {
        server.history().ListMessages(mailbox.CallerOf(mailbox.first()), {"", 0, kEndMs, true}, {500, token},
                                      absl::InfiniteFuture(), std::move(done));
      });
      REQUIRE(page.ok());
      for (const MessageView& view : page->messages) now[std::string(view.record.message_id())] = TextOf(view);
      token = page->next_token;
    } while (!token.empty());
    return now;
  }
  MessageView Get(const std::string& id) {
    const auto found = server.Ask<MessagesById>([&](auto done) {
      server.history().BatchGet(mailbox.CallerOf(mailbox.first()), {id}, absl::InfiniteFuture(), std::move(done));
    });
    REQUIRE(found->messages.size() == 1);
    return found->messages[0];
  }
  std::set<uint64_t> Devices() {
    const auto roster = mailbox.Roster();
    return {roster.active_device_ids().begin(), roster.active_device_ids().end()};
  }

  // One page; false at the end.
  bool Follow(Follower& follower) {
    const ChangeQuery query{
        {kTestGeneration, follower.at}, follower.include_messages, 1 + static_cast<uint32_t>(Draw(9))};
    const auto page = server.Ask<ChangePage>([&](auto done) {
      server.changes().ListChanges(mailbox.CallerOf(mailbox.first()), query, absl::InfiniteFuture(), std::move(done));
    });
    REQUIRE(page.ok());
    uint64_t last = follower.at;
    for (const Change& change : page->changes) {
      REQUIRE(change.revision > last);
      last = change.revision;
      for (const ChangeEntry& entry : change.entries) Apply(entry, change.revision, follower);
    }
    REQUIRE(page->next >= last);
    const bool more = page->next != page->head;
    REQUIRE((!more || page->next > follower.at));
    follower.at = page->next;
    return more;
  }
  void Apply(const ChangeEntry& entry, uint64_t revision, Follower& follower) {
    switch (entry.kind) {
      case storage_v1::CHANGE_KIND_SAVED:
      case storage_v1::CHANGE_KIND_REPLACED: {
        const MessageView view = entry.message.has_value() ? *entry.message : Get(entry.message_id);
        REQUIRE(view.revision() == revision);  // neither too early nor twice
        follower.messages[entry.message_id] = TextOf(view);
        break;
      }
      case storage_v1::CHANGE_KIND_DELETED:
      case storage_v1::CHANGE_KIND_EXPIRED:
        follower.messages.erase(entry.message_id);
        break;
      case storage_v1::CHANGE_KIND_DEVICE_ADDED:
        REQUIRE(follower.devices.insert(entry.device_id.value()).second);
        break;
      case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
        REQUIRE(follower.devices.erase(entry.device_id.value()) == 1);
        break;
      default:
        break;
    }
  }
  // Clients forget what has expired by themselves: it is in the message.
  Known Live(const Follower& follower, const Known& now) {
    Known live;
    for (const auto& [id, text] : follower.messages) {
      if (now.contains(id)) live[id] = text;
    }
    return live;
  }

  TestServer server;
  std::mt19937_64 random;
  TestMailbox mailbox;
  std::vector<TestDevice> codes;
};

TEST_CASE("whoever follows the feed has what the mailbox has, from whatever moment on") {
  const uint64_t seed = GENERATE(range(1, 9));
  World world(seed);
  std::vector<Follower> followers(2);
  followers[1].include_messages = true;
  for (int step = 0; step < 150; ++step) {
    world.Step();
    if (world.Draw(10) == 0) {
      // A client that has just read everything, and goes on from there.
      followers.push_back({world.server.PositionOf(world.mailbox.partition()).revision, world.Draw(2) == 0, world.Now(),
                           world.Devices()});
    }
    for (Follower& follower : followers) {
      if (world.Draw(6) == 0) world.Follow(follower);
    }
  }
  world.server.Settle();
  const Known now = world.Now();
  CHECK_FALSE(now.empty());
  for (Follower& follower : followers) {
    while (world.Follow(follower)) {
    }
    CHECK(world.Live(follower, now) == now);
    CHECK(follower.devices == world.Devices());
  }
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
