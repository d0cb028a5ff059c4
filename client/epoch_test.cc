// The chain of epochs against servers that lie about it.
#include <catch2/catch.hpp>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;
using testing::TestClient;

// A laptop and a phone in epoch 1 (the phone's own); then the laptop opens epochs 2 and 3, which the phone hasn't seen.
struct EpochFixture : MailboxFixture {
  EpochFixture() {
    phone = Join(2);
    REQUIRE(laptop->devices().Rotate().ok());
    REQUIRE(laptop->devices().Rotate().ok());
    REQUIRE(server.store.epochs.size() == 4);
  }

  void RequireError(TestClient& client, const std::string& text) {
    const absl::Status status = client->mailbox().Info().status();
    INFO(std::string(status.message()));
    CHECK(absl::IsDataLoss(status));
    CHECK(Mentions(status, text));
  }

  std::unique_ptr<TestClient> phone;
};

using Tamper = std::function<void(v1::Epoch&)>;

TEST_CASE("An honest chain is followed over pages") {
  EpochFixture f;
  f.server.page_size = 1;
  const auto info = (*f.phone)->mailbox().Info();
  REQUIRE(info.ok());
  CHECK(info->epoch_sequence == 3);
}

TEST_CASE("Each field of an epoch's record is checked on the way forward") {
  const std::vector<std::pair<std::string, Tamper>> cases = {
      {"gap", [](v1::Epoch& e) { e.set_sequence_id(3); }},
      {"gap", [](v1::Epoch& e) { e.set_sequence_id(1); }},
      {"invalid epoch id", [](v1::Epoch& e) { e.set_epoch_id(0); }},
      {"opener isn't the one",
       [](v1::Epoch& e) { e.mutable_opener()->mutable_keys()->mutable_device_key()->front() ^= 1; }},
      {"opener isn't the one",
       [](v1::Epoch& e) { e.mutable_opener()->mutable_keys()->mutable_epoch_storage_auth_key()->front() ^= 1; }},
      {"opener", [](v1::Epoch& e) { e.mutable_opener()->mutable_keys()->mutable_sig_31()->front() ^= 1; }},
      {"opener", [](v1::Epoch& e) { e.mutable_opener()->mutable_keys()->clear_sig_30(); }},
      {"forward", [](v1::Epoch& e) { e.mutable_opener_previous_mac()->front() ^= 1; }},
      {"wrong size", [](v1::Epoch& e) { e.clear_opener_previous_mac(); }},
      {"previous secrets", [](v1::Epoch& e) { e.mutable_enc_prev_root()->back() ^= 1; }},
      {"previous secrets", [](v1::Epoch& e) { e.mutable_enc_prev_root()->swap(*e.mutable_enc_prev_sequence()); }},
      {"previous secrets", [](v1::Epoch& e) { e.clear_enc_prev_sequence(); }},
      {"commitment", [](v1::Epoch& e) { e.mutable_commitment()->back() ^= 1; }},
      {"commitment", [](v1::Epoch& e) { e.clear_commitment(); }},
      {"exactly once", [](v1::Epoch& e) { e.clear_members(); }},
      {"exactly once",
       [](v1::Epoch& e) {
         const v1::Epoch copy = e;
         e.mutable_members()->MergeFrom(copy.members());
       }},
      {"MAC in it",
       [](v1::Epoch& e) {
         for (auto& m : *e.mutable_members()) m.mutable_epoch_device_mac()->front() ^= 1;
       }},
      {"forward",
       [](v1::Epoch& e) {
         for (auto& m : *e.mutable_members()) m.clear_encrypted_entropy();
       }},
      {"forward",
       [](v1::Epoch& e) {
         for (auto& m : *e.mutable_members()) {
           if (!m.encrypted_entropy().empty()) m.mutable_encrypted_entropy()->back() ^= 1;
         }
       }},
  };
  EpochFixture f;
  for (const auto& [text, tamper] : cases) {
    INFO(text);
    f.server.on_list_epochs = [&, &tamper = tamper](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
      for (v1::Epoch& epoch : *response.mutable_epochs()) {
        if (epoch.sequence_id() == 2) tamper(epoch);
      }
    };
    f.RequireError(*f.phone, text);
  }
  // None of it was kept: the honest answer still works.
  f.server.on_list_epochs = nullptr;
  CHECK((*f.phone)->mailbox().Info().ok());
}

TEST_CASE("An epoch that the log names can't be withheld, repeated or skipped") {
  EpochFixture f;
  f.server.on_list_epochs = [](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    response.clear_epochs();
    response.clear_next_page_token();
  };
  f.RequireError(*f.phone, "withholds");
  f.server.on_list_epochs = [](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    response.mutable_epochs()->RemoveLast();
    response.clear_next_page_token();
  };
  f.RequireError(*f.phone, "withholds");
  f.server.on_list_epochs = [](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    const v1::Epoch first = response.epochs(0);
    *response.mutable_epochs(1) = first;
  };
  f.RequireError(*f.phone, "repeat");
  f.server.on_list_epochs = [](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    response.mutable_epochs()->DeleteSubrange(0, 1);
  };
  f.RequireError(*f.phone, "gap");
}

TEST_CASE("Swapping two epochs' ids breaks the next link") {
  EpochFixture f;
  // The id stands in the next epoch's key schedule.
  f.server.on_list_epochs = [](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    for (v1::Epoch& epoch : *response.mutable_epochs()) {
      if (epoch.sequence_id() == 2) epoch.set_epoch_id(epoch.epoch_id() + 500);
    }
  };
  f.RequireError(*f.phone, "epoch 3");
}

TEST_CASE("An epoch id that was seen before is refused") {
  EpochFixture f;
  const uint64_t first_id = f.server.store.epochs[1].epoch_id();
  f.server.on_list_epochs = [&](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    for (v1::Epoch& epoch : *response.mutable_epochs()) {
      if (epoch.sequence_id() == 2) epoch.set_epoch_id(first_id);
    }
  };
  f.RequireError(*f.phone, "twice");
}

TEST_CASE("An epoch that isn't in the log waits for the log") {
  // The server shows epoch 3, but hides its log entry: the device stays at epoch 2.
  EpochFixture f;
  const auto log = f.server.store.log;
  const auto heads = f.server.store.heads;
  f.server.store.log.pop_back();
  f.server.store.heads.pop_back();
  const auto info = (*f.phone)->mailbox().Info();
  REQUIRE(info.ok());
  CHECK(info->epoch_sequence == 2);
  f.server.store.log = log;
  f.server.store.heads = heads;
  CHECK((*f.phone)->mailbox().Info()->epoch_sequence == 3);
}

TEST_CASE("Each field is checked on the way backward") {
  const std::vector<std::pair<std::string, Tamper>> cases = {
      {"previous secrets", [](v1::Epoch& e) { e.mutable_enc_prev_root()->back() ^= 1; }},
      {"previous secrets", [](v1::Epoch& e) { e.mutable_enc_prev_sequence()->back() ^= 1; }},
      {"opener's MAC", [](v1::Epoch& e) { e.mutable_opener_previous_mac()->back() ^= 1; }},
      {"opener isn't the one",
       [](v1::Epoch& e) { e.mutable_opener()->mutable_keys()->mutable_device_key()->front() ^= 1; }},
      {"commitment", [](v1::Epoch& e) { e.mutable_commitment()->back() ^= 1; }},
      {"", [](v1::Epoch& e) { e.set_sequence_id(e.sequence_id() - 1); }},
  };
  MailboxFixture f;
  for (int i = 0; i < 3; ++i) REQUIRE(f.laptop->devices().Rotate().ok());
  uint64_t seed = 10;
  for (const auto& [text, tamper] : cases) {
    INFO(text);
    f.server.on_list_epochs = nullptr;
    const crypto::Secret code = f.MakeCode();
    testing::TestClient phone(f.server, ++seed);
    f.server.on_list_epochs = [&, &tamper = tamper](const v1::ListEpochsRequest& request,
                                                    v1::ListEpochsResponse& response) {
      if (request.range_case() != v1::ListEpochsRequest::kBeforeSequenceId) return;
      for (v1::Epoch& epoch : *response.mutable_epochs()) {
        if (epoch.sequence_id() == 2) tamper(epoch);
      }
    };
    const absl::Status joined = phone->recovery().Join(code).status();
    INFO(std::string(joined.message()));
    CHECK(absl::IsDataLoss(joined));
    CHECK(Mentions(joined, text));
  }
}

}  // namespace
}  // namespace labyrinth::client
