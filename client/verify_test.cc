#include "client/verify.h"

#include <catch2/catch.hpp>
#include <functional>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Text;

// Two devices, three epochs, messages in each.
struct VerifyFixture : MailboxFixture {
  VerifyFixture() {
    Save(laptop, 0);
    phone = Join(2);
    Save(*phone, 10);
    REQUIRE(laptop->devices().Rotate().ok());
    Save(laptop, 20);
    saved = server.store.messages.size();
  }

  static void Save(testing::TestClient& client, int first) {
    for (int i = first; i < first + 3; ++i) {
      REQUIRE(client->history().Save({Text("t", "m" + std::to_string(i), 1000 + i, "x")}).ok());
    }
  }

  VerifyReport Verify() {
    laptop.Open();
    auto report = laptop->Verify();
    REQUIRE(report.ok());
    return *std::move(report);
  }

  // A finding of this stage that contains the text.
  bool Finds(VerifyStage stage, const std::string& text) {
    const VerifyReport report = Verify();
    std::string all;
    for (const VerifyFinding& finding : report.findings) {
      all += finding.what + "\n";
      if (finding.stage == stage && finding.what.find(text) != std::string::npos) return true;
    }
    UNSCOPED_INFO(all);
    return false;
  }

  std::unique_ptr<testing::TestClient> phone;
  std::size_t saved = 0;
};

TEST_CASE("An honest mailbox verifies clean, from either device, and the report says what it can't prove") {
  VerifyFixture f;
  const VerifyReport report = f.Verify();
  for (const VerifyFinding& finding : report.findings) UNSCOPED_INFO(finding.what);
  CHECK(report.clean());
  CHECK(report.log_entries == 5);  // create, code, phone, two epochs
  CHECK(report.epochs == 3);
  CHECK(report.active_devices == 3);
  CHECK(report.verified_messages == f.saved);
  CHECK(report.foreign_messages == 0);
  CHECK(report.tampered_messages == 0);
  CHECK(report.unprovable.size() >= 5);

  const auto phone = (*f.phone)->Verify();
  REQUIRE(phone.ok());
  CHECK(phone->clean());
}

TEST_CASE("Progress is told and ends at the total") {
  VerifyFixture f;
  uint64_t done = 0, total = 0;
  REQUIRE(f.laptop
              ->Verify([&](const VerifyProgress& progress) {
                if (progress.stage != VerifyStage::kMessages) return;
                done = progress.done;
                total = progress.total;
              })
              .ok());
  CHECK(done == f.saved);
  CHECK(total == f.saved);
}

TEST_CASE("Each kind of lie is found where it stands") {
  VerifyFixture f;
  SECTION("the log") {
    f.server.store.log.pop_back();
    f.server.store.heads.pop_back();
    CHECK(f.Finds(VerifyStage::kMembershipLog, "shorter"));
  }
  SECTION("a signature in the log") {
    f.server.store.log[1].mutable_signature()->front() ^= 1;
    CHECK(f.Finds(VerifyStage::kMembershipLog, "entry 1"));
  }
  SECTION("a rogue device") {
    testing::FakeStore::Device rogue = f.server.store.devices.begin()->second;
    rogue.row.set_device_id(9999);
    rogue.row.mutable_keys()->mutable_device_key()->front() ^= 1;
    f.server.store.devices[9999] = rogue;
    CHECK(f.Finds(VerifyStage::kDevices, "doesn't"));
  }
  SECTION("a member's signature") {
    f.server.store.devices.rbegin()->second.row.mutable_keys()->mutable_sig_30()->front() ^= 1;
    CHECK(f.Finds(VerifyStage::kDevices, "signatures"));
  }
  SECTION("an old epoch's commitment") {
    f.server.store.epochs[0].mutable_commitment()->back() ^= 1;
    CHECK(f.Finds(VerifyStage::kEpochs, "epoch 0"));
  }
  SECTION("an old epoch's link") {
    f.server.store.epochs[1].mutable_enc_prev_root()->back() ^= 1;
    CHECK(f.Finds(VerifyStage::kEpochs, "epoch 1"));
  }
  SECTION("an old epoch's entropy") {
    for (v1::Member& member : *f.server.store.epochs[1].mutable_members()) {
      if (!member.encrypted_entropy().empty()) member.mutable_encrypted_entropy()->back() ^= 1;
    }
    CHECK(f.Finds(VerifyStage::kEpochs, "epoch 1: forward"));
  }
  SECTION("a rogue member of an epoch") {
    v1::Member& rogue = *f.server.store.epochs[2].add_members();
    rogue.set_device_id(9999);
    rogue.set_epoch_device_mac(std::string(32, 'r'));
    CHECK(f.Finds(VerifyStage::kEpochs, "no device in the membership log"));
  }
  SECTION("a member that the newest epoch lacks") {
    f.server.store.epochs[2].mutable_members()->RemoveLast();
    CHECK(f.Finds(VerifyStage::kEpochs, "epoch 2"));
  }
  SECTION("two listings that differ") {
    f.server.on_list_epochs = [](const v1::ListEpochsRequest& request, v1::ListEpochsResponse& response) {
      if (request.range_case() != v1::ListEpochsRequest::kBeforeSequenceId) return;
      for (v1::Epoch& epoch : *response.mutable_epochs()) epoch.set_revision(77);
    };
    CHECK(f.Finds(VerifyStage::kEpochs, "the two listings differ"));
  }
  SECTION("a message") {
    f.server.store.messages[4].mutable_ciphertext()->back() ^= 1;
    CHECK(f.Finds(VerifyStage::kMessages, "message 5 of the walk doesn't authenticate"));
    CHECK(f.Verify().tampered_messages == 1);
  }
  SECTION("a message shown twice") {
    f.server.store.messages.push_back(f.server.store.messages[0]);
    CHECK(f.Finds(VerifyStage::kMessages, "was shown before"));
  }
  SECTION("a counter") {
    f.server.on_mailbox = [](v1::GetMailboxResponse& response) { response.set_message_count(3); };
    CHECK(f.Finds(VerifyStage::kMessages, "the server counts 3"));
  }
  SECTION("a message left out, with a counter that tells") {
    f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      if (response.messages(0).message_id() == "m0") response.mutable_messages()->DeleteSubrange(0, 1);
    };
    CHECK(f.Finds(VerifyStage::kMessages, "the walk found 8"));
  }
  SECTION("endless pages") {
    f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      response.set_next_page_token("0");
    };
    CHECK(f.Finds(VerifyStage::kMessages, "same page token"));
  }
}

TEST_CASE("A change number that a copied keychain used again is found") {
  VerifyFixture f;
  testing::TempDir copies;
  f.laptop.Close();
  f.laptop.CopyProfile(copies.path("copy"));
  f.laptop.Open();
  testing::TestClient twin(f.server, 50, copies.path("copy"));
  REQUIRE(f.laptop->history().Save({Text("t", "a", 5000, "x")}).ok());
  REQUIRE(twin->history().Save({Text("t", "b", 5001, "x")}).ok());
  CHECK(f.Finds(VerifyStage::kMessages, "same writer and change number"));
}

TEST_CASE("A server that can't be reached is an error, not a finding") {
  VerifyFixture f;
  f.server.before = [](const std::string& method) -> absl::Status {
    return method == "ListMessages" ? absl::UnavailableError("down") : absl::OkStatus();
  };
  CHECK(absl::IsUnavailable(f.laptop->Verify().status()));
}

TEST_CASE("Findings are bounded") {
  VerifyReport report;
  for (int i = 0; i < 250; ++i) AddFinding(report, VerifyStage::kMessages, "x");
  CHECK(report.findings.size() == kMaxFindings);
  CHECK(report.suppressed_findings == 150);
}

}  // namespace
}  // namespace labyrinth::client
