// The disk is lost, a backup comes back: nobody who was removed does, and what only devices have, they bring back.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "client/sync/local_history.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "service/auth/dev_issuer.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/api_history.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/e2e/test_server.h"
#include "tools/backup/restore_data_dir.h"

namespace labyrinth::e2e {
namespace {

namespace fs = std::filesystem;
namespace v1 = ::labyrinth::v1;
using client::LocalHistory;
using client::NewMessage;
using client::RemovalCause;
using service::testing::ApiDevice;
using service::testing::Authorize;
using service::testing::HistoryCaller;

NewMessage Text(int number, const std::string& content) {
  return {.thread_id = "thread-" + std::to_string(number % 2),
          .message_id = "id-" + std::to_string(number),
          .timestamp_ms = kStartMs + number,
          .content = content};
}

template <typename Result>
void MustBe(const Result& result, Reason reason) {
  INFO(std::string(result.status().message()));
  CHECK(ReasonOf(result.status()) == reason);
}

template <typename Result>
auto Must(absl::StatusOr<Result> result) {
  INFO(std::string(result.status().message()));
  REQUIRE(result.ok());
  return *std::move(result);
}

storage::RocksdbOptions SmallStore() {
  storage::RocksdbOptions options;
  options.block_cache_bytes = 8 << 20;
  options.min_free_disk_bytes = 0;
  return options;
}

struct Fixture {
  std::string backups() const { return server.path("backups"); }
  void BackUp() { Must(server.environment().BackUp(backups(), {})); }

  absl::StatusOr<backup::RestoreReport> TryRestore(const backup::RestoreRequest& request) {
    crypto::SeededRandom random(77);
    return backup::RestoreDataDir(request, SmallStore(), server.clock, random, [](const auto&) { return true; });
  }
  backup::RestoreRequest Request() {
    backup::RestoreRequest request;
    request.backups = backups();
    request.data_dir = server.data_dir();
    request.journal = server.journal();
    return request;
  }
  // Everything but backups and the journal is gone, and the server comes back from these.
  restore::SafeStore LoseAndRestore(bool without_journal = false) {
    server.Stop();
    fs::remove_all(server.data_dir());
    backup::RestoreRequest request = Request();
    if (without_journal) {
      fs::remove(server.journal());
      request.without_journal = true;
    }
    const restore::SafeStore safe = Must(TryRestore(request)).safe;
    server.Start();
    return safe;
  }

  void SaveAs(TestDevice& device, int from, int to, const std::string& what) {
    std::vector<NewMessage> messages;
    for (int i = from; i < to; ++i) messages.push_back(Text(i, what + " " + std::to_string(i)));
    Must(device->history().SaveAll(messages));
  }
  static std::unique_ptr<LocalHistory> CopyOf(TestDevice& device) {
    return Must(LocalHistory::Open(*device.operator->()));
  }
  // What the device reads from the server: ids and contents in order.
  static std::vector<std::string> Read(TestDevice& device) {
    std::vector<std::string> rows;
    for (const char* thread : {"thread-0", "thread-1"}) {
      auto reader = device->history().ListMessages({.thread_id = thread, .oldest_first = true});
      while (!reader.done()) {
        for (const client::HistoryMessage& message : Must(reader.NextPage())) {
          REQUIRE(message.verified() != nullptr);
          rows.push_back(message.row().message_id + ": " + message.verified()->content);
        }
      }
    }
    return rows;
  }

  TestServer server;
};

// Laptop, phone and a tablet that will be stolen, all from before the backup; and copies of the history on two of them.
struct Story : Fixture {
  Story() : laptop(server, 1), phone(server, 2), tablet(server, 3) {
    REQUIRE(laptop->mailbox().Create().ok());
    const auto code = Must(laptop->recovery().CreateCode());
    REQUIRE(phone->recovery().Join(code.code).ok());
    REQUIRE(tablet->recovery().Join(code.code).ok());
    SaveAs(laptop, 0, 40, "before");
    Must(CopyOf(laptop)->Sync());
    Must(CopyOf(phone)->Sync());
    tablet_id = tablet->core().enrolment().device_id;
    tablet_key = tablet->core().device_key();
  }
  // What the backup won't have: messages, the removal of the tablet, the epoch that it opened, messages under that.
  void GoOn() {
    SaveAs(phone, 40, 50, "after the backup");
    Must(laptop->devices().Revoke(tablet_id));
    SaveAs(laptop, 50, 70, "after the removal");
    Must(CopyOf(laptop)->Sync());
    Must(CopyOf(phone)->Sync());
    MustBe(tablet->mailbox().Info(), Reason::kDeviceRevoked);
  }
  void Reconnect() {
    for (TestDevice* device : {&laptop, &phone, &tablet}) device->Open();
  }

  TestDevice laptop, phone, tablet;
  DeviceId tablet_id;
  crypto::PublicKey tablet_key;
};

TEST_CASE("the disk is lost: the removed device stays out, and the others bring back what only they have") {
  Story f;
  f.BackUp();
  f.GoOn();
  const std::vector<std::string> all = Fixture::Read(f.laptop);
  REQUIRE(all.size() == 70);
  const uint64_t epoch_before = f.laptop->core().enrolment().epochs.newest().sequence_id;

  const restore::SafeStore safe = f.LoseAndRestore();
  CHECK(safe.mailboxes == 1);
  CHECK(safe.revoked_devices == 1);
  f.Reconnect();

  // The tablet, with everything that it ever held: no call of it gets through.
  MustBe(f.tablet->mailbox().Info(), Reason::kDeviceRevoked);
  f.tablet.Open();
  MustBe(f.tablet->history().Save({Text(900, "from the thief")}), Reason::kDeviceRevoked);
  f.tablet.Open();
  MustBe(f.tablet->history().ListMessages({.thread_id = "thread-0"}).NextPage(), Reason::kDeviceRevoked);
  f.tablet.Open();
  MustBe(f.tablet->AcceptRestore(), Reason::kDeviceRevoked);

  // The laptop is told, and goes on when it says so, not before.
  {
    auto copy = Fixture::CopyOf(f.laptop);
    MustBe(copy->Sync(), Reason::kStoreRestored);
    MustBe(f.laptop->history().Save({Text(901, "too early")}), Reason::kStoreRestored);
    CHECK(*copy->CountMessages() == 70);
    const client::RestoreReport report = Must(f.laptop->AcceptRestore());
    CHECK(report.lost_anything());
    CHECK(report.epoch_before == epoch_before);
    CHECK(report.epoch_now < epoch_before);
    CHECK(report.log_entries_now < report.log_entries_before);
    CHECK(report.generation == safe.generation);
    // The server's log has the tablet again, since it lost the entry; but the server keeps it out, and so does this
    // device.
    CHECK(report.back == std::vector<crypto::PublicKey>{f.tablet_key});
    CHECK(f.laptop->core().enrolment().lost_epochs.size() == epoch_before - report.epoch_now);
    CHECK(Must(f.laptop->mailbox().Info()).rotation_required);

    const client::SyncReport synced = Must(copy->Sync());
    CHECK(synced.restored);
    CHECK(synced.tampering.empty());
    CHECK(synced.lacking.size() == 30);
    const client::SaveLackingReport saved = Must(copy->SaveLacking());
    CHECK(saved.saved == 30);
    CHECK(Must(copy->Sync()).lacking.empty());
    CHECK(Fixture::Read(f.laptop) == all);
  }
  CHECK_FALSE(Must(f.laptop->mailbox().Info()).rotation_required);
  CHECK_FALSE(f.laptop->core().log().state().Find(f.tablet_key)->active());  // signed again
  CHECK(absl::IsFailedPrecondition(f.laptop->AcceptRestore().status()));     // once

  // The phone was off all the while; another device has gone on since.
  {
    auto copy = Fixture::CopyOf(f.phone);
    MustBe(copy->Sync(), Reason::kStoreRestored);
    const client::RestoreReport report = Must(f.phone->AcceptRestore());
    CHECK(report.back.empty());
    CHECK(report.epoch_now == f.laptop->core().enrolment().epochs.newest().sequence_id);
    const client::SyncReport synced = Must(copy->Sync());
    CHECK(synced.tampering.empty());
    CHECK(synced.lacking.empty());
    CHECK(Fixture::Read(f.phone) == all);
    f.SaveAs(f.phone, 70, 75, "and on");
  }
  CHECK(Fixture::Read(f.laptop).size() == 75);
  CHECK(Must(f.laptop->Verify()).clean());
  CHECK(Must(f.phone->Verify()).clean());
  f.tablet.Open();
  MustBe(f.tablet->mailbox().Info(), Reason::kDeviceRevoked);
}

TEST_CASE("without the journal the server takes the thief back, and the devices that remember don't") {
  Story f;
  f.BackUp();
  f.GoOn();
  f.server.Stop();
  fs::remove_all(f.server.data_dir());
  // Not by an oversight.
  backup::RestoreRequest request = f.Request();
  request.journal.clear();
  const auto refused = f.TryRestore(request);
  CHECK(absl::IsFailedPrecondition(refused.status()));
  CHECK(std::string(refused.status().message()).find("--without-journal") != std::string::npos);
  CHECK(f.LoseAndRestore(/*without_journal=*/true).revoked_devices == 0);
  f.Reconnect();
  CHECK(f.tablet->mailbox().Info().ok());  // what the operator was told

  CHECK(Must(f.laptop->AcceptRestore()).back == std::vector<crypto::PublicKey>{f.tablet_key});
  const client::SaveReport saved = Must(f.laptop->history().Save({Text(80, "secret")}));
  REQUIRE(saved.rotation.has_value());
  REQUIRE(saved.rotation->removed.size() == 1);
  CHECK(saved.rotation->removed[0].device_key == f.tablet_key);
  CHECK(saved.rotation->removed[0].cause == RemovalCause::kRemovedBefore);
  f.tablet.Open();
  MustBe(f.tablet->mailbox().Info(), Reason::kDeviceRevoked);
}

TEST_CASE("nothing that the server had sealed before a restore opens anything after it") {
  Fixture f;
  const auto channel = [&] { return grpc::CreateChannel(f.server.endpoint(), grpc::InsecureChannelCredentials()); };
  crypto::SeededRandom random(5);
  const auto token = [&] {
    auto issuer =
        Must(service::DevIssuer::LoadOrCreate(service::DevIssuerKeyPath(f.server.data_dir()), random, f.server.clock));
    return Must(issuer.IssueToken("bob"));
  };
  crypto::SeededRandom keys(6);
  ApiDevice before(channel(), std::string(service::kDevServerName), "bob", token(), keys);
  before.CreateMailbox();
  const std::string old_session = before.SignIn();
  const HistoryCaller old_caller(channel(), old_session, before.epoch_id);
  for (int i = 0; i < 3; ++i) old_caller.Save("m" + std::to_string(i), "t", i);
  const v1::Cursor old_cursor = old_caller.ListAll().as_of();
  const auto list = [&](const std::string& session, const std::string& page_token, v1::ListMessagesResponse& page) {
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::ListMessagesRequest request;
    request.set_page_size(1);
    request.set_page_token(page_token);
    return FromGrpc(v1::HistoryService::NewStub(channel())->ListMessages(&context, request, &page));
  };
  v1::ListMessagesResponse page;
  REQUIRE(list(old_session, "", page).ok());
  const std::string old_page = page.next_page_token();
  REQUIRE(list(old_session, old_page, page).ok());  // control
  f.BackUp();
  const restore::SafeStore safe = f.LoseAndRestore();

  const absl::Status session = list(old_session, "", page);
  CHECK(ReasonOf(session) == Reason::kStoreRestored);
  CHECK(DetailsOf(session)["generation"] == std::to_string(safe.generation));
  {
    grpc::ClientContext context;
    Authorize(context, "", old_session);
    v1::GetMailboxResponse mailbox;
    const auto stub = v1::MailboxService::NewStub(channel());
    CHECK(ReasonOf(FromGrpc(stub->GetMailbox(&context, {}, &mailbox))) == Reason::kStoreRestored);
  }
  CHECK(ReasonOf(FromGrpc(HistoryCaller(channel(), old_session, before.epoch_id).Watch(old_cursor)->End())) ==
        Reason::kStoreRestored);

  crypto::SeededRandom same_keys(6);
  ApiDevice after(channel(), std::string(service::kDevServerName), "bob", token(), same_keys);
  after.mailbox_id = before.mailbox_id;
  after.device_id = before.device_id;
  const std::string new_session = after.SignIn();
  REQUIRE(list(new_session, "", page).ok());  // control
  CHECK(ReasonOf(list(new_session, old_page, page)) == Reason::kPageTokenInvalid);
  const HistoryCaller caller(channel(), new_session, before.epoch_id);
  v1::ListChangesRequest changes;
  *changes.mutable_since() = old_cursor;
  v1::ListChangesResponse changed;
  const absl::Status cursor = FromGrpc(caller.ListChanges(changes, changed));
  CHECK(ReasonOf(cursor) == Reason::kStoreRestored);
  CHECK(DetailsOf(cursor)["generation"] == std::to_string(safe.generation));
  CHECK(caller.ListAll().as_of().generation() == safe.generation);
}

TEST_CASE("a restore that can't be sound is refused in one line, and one that breaks off is no store") {
  Fixture f;
  TestDevice laptop(f.server, 1);
  REQUIRE(laptop->mailbox().Create().ok());
  const auto old_copy = f.server.path("old.journal");
  fs::copy_file(f.server.journal(), old_copy);
  Must(laptop->recovery().CreateCode());
  for (const client::DeviceView& device : Must(laptop->devices().List())) {
    if (!device.this_device) Must(laptop->devices().Revoke(device.device_id));
  }
  f.BackUp();
  const auto refusal = [&](const backup::RestoreRequest& request) {
    const auto refused = f.TryRestore(request);
    REQUIRE_FALSE(refused.ok());
    const std::string text(refused.status().message());
    INFO(text);
    CHECK(text.find('\n') == std::string::npos);
    return text;
  };
  CHECK(refusal(f.Request()).find("not empty") != std::string::npos);  // the live store is there
  f.server.Stop();
  fs::remove_all(f.server.data_dir());
  backup::RestoreRequest request = f.Request();
  request.journal = old_copy;
  CHECK(refusal(request).find("old copy") != std::string::npos);
  request = f.Request();
  request.name = storage::BackupName{1, 7};
  CHECK(refusal(request).find("no backup 1.7") != std::string::npos);
  CHECK_FALSE(fs::exists(f.server.data_dir() + "/store"));

  // Broken off in the middle, as by a kill: what is left isn't a store, and the next attempt clears it away.
  fs::create_directories(f.server.data_dir());
  REQUIRE(storage::RestoreBackup(f.backups(), {1, 1}, f.server.data_dir() + "/store.restoring", {}).ok());
  const auto opened = storage::RocksdbEngine::Open(f.server.data_dir() + "/store.restoring", SmallStore());
  CHECK(absl::IsFailedPrecondition(opened.status()));
  Must(f.TryRestore(f.Request()));
  CHECK_FALSE(fs::exists(f.server.data_dir() + "/store.restoring"));
  f.server.Start();
  laptop.Open();
  CHECK(Must(laptop->mailbox().Info()).rotation_required);
}

}  // namespace
}  // namespace labyrinth::e2e
