// A fresh mailbox for each case, and what cases say of messages.
#ifndef LABYRINTH_TESTS_CONFORMANCE_API_SCENE_H_
#define LABYRINTH_TESTS_CONFORMANCE_API_SCENE_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_history.h"
#include "service/server/testing/api_scene.h"
#include "tests/conformance/api/under_test.h"

namespace labyrinth::conformance {

using service::testing::Answer;
using service::testing::ApiCaller;
using service::testing::ApiDevice;
using service::testing::DetailOf;
using service::testing::FieldOf;
using service::testing::HistoryCaller;
using service::testing::IdsIn;
using service::testing::LogPosition;
using service::testing::ReasonOfCall;

using Mailboxes = v1::MailboxService::Stub;
using Devices = v1::DeviceService::Stub;
using Epochs = v1::EpochService::Stub;
using History = v1::HistoryService::Stub;
using Ids = std::vector<std::string>;

// Of nobody else, also on a deployment that others use.
std::string FreshAccount();

v1::Message MakeMessage(const std::string& id, const std::string& thread = "t", int64_t timestamp_ms = 1,
                        const std::string& ciphertext = std::string(44, 'c'), int64_t expire_ms = 0);

// Ids in the order of the list.
template <typename Messages>
Ids IdsOf(const Messages& messages) {
  Ids ids;
  for (const v1::Message& message : messages) ids.push_back(message.message_id());
  return ids;
}

// Thread-compatible.
struct Scene : service::testing::ApiScene {
  Scene() : ApiScene(Deployment().server, FreshAccount()) {}

  v1::SaveMessagesRequest Saving(const std::vector<v1::Message>& messages,
                                 v1::OnConflict on_conflict = v1::ON_CONFLICT_REJECT) const;
  Answer<v1::SaveMessagesResponse> Save(const std::vector<v1::Message>& messages,
                                        v1::OnConflict on_conflict = v1::ON_CONFLICT_REJECT) const {
    return Me().Ask(&History::SaveMessages, Saving(messages, on_conflict));
  }
  // The commit's revision. The test fails unless all of them are new.
  uint64_t MustSave(const std::vector<v1::Message>& messages) const;
  // The number of messages that were there.
  uint32_t MustDelete(const Ids& ids) const;
  v1::GetMailboxResponse Mailbox() const { return Me().Must(&Mailboxes::GetMailbox); }
  v1::Cursor Head() const { return Mailbox().head(); }
  // All that ListMessages serves, a page after the other; of sizes that change, with `between` called before each but
  // the first.
  Ids Walk(v1::ListMessagesRequest request, const std::vector<int>& page_sizes = {500},
           const std::function<void(const v1::ListMessagesResponse&)>& between = {}) const;
  Ids WalkAll() const { return Walk({}); }
  // Everything after a cursor, in pages of `max_changes`.
  std::vector<v1::Change> ChangesSince(v1::Cursor since, int32_t max_changes = 500,
                                       bool include_messages = false) const;
  HistoryCaller MyHistory() const { return {api.Channel(), session, old->epoch_id}; }

  // Time passes; the first device has a session that goes on.
  void Advance(Hands& hands, int64_t ms);
};

}  // namespace labyrinth::conformance

#endif  // LABYRINTH_TESTS_CONFORMANCE_API_SCENE_H_
