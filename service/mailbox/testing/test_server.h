// A mailbox server without listeners: the real sequencer and readers over a store that misbehaves on demand, with a
// clock that stands still and seeded randomness. Everything runs on the calling thread, so that a test replays exactly.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_SERVER_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "service/mailbox/change_reader.h"
#include "service/mailbox/delete_messages.h"
#include "service/mailbox/device_operations.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/download_reader.h"
#include "service/mailbox/history_reader.h"
#include "service/mailbox/mailbox_operations.h"
#include "service/mailbox/open_epoch.h"
#include "service/mailbox/page_token.h"
#include "service/mailbox/save_messages.h"
#include "service/mailbox/sequencer.h"
#include "service/mailbox/testing/function_operation.h"
#include "service/mailbox/testing/queue_executor.h"
#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::mailbox::testing {

// Far beyond the machine's own clock, by which engines judge deadlines: a test's deadline passes when the test says so.
inline constexpr int64_t kTestNowMs = 4'000'000'000'000;
inline constexpr std::string_view kTestServerName = "labyrinth.test";
inline constexpr uint64_t kTestGeneration = 7;

// The result of a call that was started: empty until it is answered.
template <typename Result>
using Pending = std::shared_ptr<std::optional<absl::StatusOr<Result>>>;

// Reason of a result, for CHECK(ReasonIn(result) == Reason::kEpochStale); nullopt for OK and foreign errors.
template <typename Result>
std::optional<Reason> ReasonIn(const absl::StatusOr<Result>& result) {
  return ReasonOf(result.status());
}
inline std::string DetailIn(const std::map<std::string, std::string>& details, const std::string& key) {
  const auto found = details.find(key);
  return found == details.end() ? "(none)" : found->second;
}
template <typename Result>
std::string DetailIn(const absl::StatusOr<Result>& result, const std::string& key) {
  return DetailIn(DetailsOf(result.status()), key);
}

class TestServer {
 public:
  // Over `store`, which answers before it returns and outlives the server, or a store in memory.
  explicit TestServer(uint64_t seed = 1, storage::Engine* store = nullptr);
  ~TestServer();

  storage::Engine& store() { return store_; }
  storage::FaultyEngine& faults() { return *faults_; }
  ManualClock& clock() { return clock_; }
  int64_t now_ms() const { return clock_.NowMs(); }
  RandomSource& random() { return random_; }
  Policy& policy() { return policy_; }
  const PageTokens& tokens() const { return *tokens_; }
  Sequencer& sequencer() { return *sequencer_; }
  QueueExecutor& executor() { return executor_; }
  const DirectoryReader& directory() const { return *directory_; }
  const HistoryReader& history() const { return *history_; }
  const ChangeReader& changes() const { return *changes_; }
  const DownloadReader& downloads() const { return *downloads_; }

  // Another process over the same store: sequencer and readers are made anew, and know of no unsettled commit.
  void Restart();
  // As Restart; removals go into `journal`, which outlives the server.
  void RestartWithJournal(RevocationJournal* journal);

  // Starts a call; it is answered at the latest in Settle().
  Pending<CreateMailboxResponse> Start(CreateMailboxRequest request);
  Pending<std::monostate> Start(DeleteMailboxRequest request);
  Pending<RegisterDeviceResponse> Start(RegisterDeviceRequest request);
  Pending<DeviceId> Start(CreateVirtualDeviceRequest request);
  Pending<uint64_t> Start(RevokeDeviceRequest request);
  Pending<OpenEpochResponse> Start(OpenEpochRequest request);
  Pending<SaveResponse> Start(SaveRequest request);
  Pending<DeleteResponse> Start(DeleteRequest request);
  // Notes a sign-in of the caller.
  Pending<std::monostate> Start(Caller caller);
  std::shared_ptr<Completion> Start(const std::string& partition, Script script);

  // Runs whatever is ready to run.
  void Settle() { executor_.RunAll(); }

  // Starts, settles, and takes the answer.
  template <typename Request>
  auto Do(Request request) {
    auto pending = Start(std::move(request));
    Settle();
    return *std::move(*pending);
  }
  Completion Do(const std::string& partition, Script script);

  // While `start` runs, a batch of the partition is in flight; so what it starts waits, and is taken up together.
  void WhileBusy(const std::string& partition, const std::function<void()>& start);

  // Asks a reader, whose methods take a callback last: Ask<MessagePage>([&](auto done) { ... }).
  template <typename Result, typename Call>
  absl::StatusOr<Result> Ask(Call call) {
    std::optional<absl::StatusOr<Result>> answer;
    call([&answer](absl::StatusOr<Result> result) { answer = std::move(result); });
    Settle();
    return *std::move(answer);
  }

  // The revision at which the partition stood when the sequencer last spoke of it; 0: never.
  uint64_t HeardOf(const std::string& partition) const {
    const auto heard = heard_.find(partition);
    return heard == heard_.end() ? 0 : heard->second;
  }

  // What the store holds, whatever faults are injected. Where it can't be read, the test aborts, but for TryRows.
  storage::Position PositionOf(const std::string& partition);
  std::map<std::string, std::string> Rows(const std::string& partition) { return *TryRows(partition); }
  absl::StatusOr<std::map<std::string, std::string>> TryRows(const std::string& partition);
  std::optional<std::string> RowAt(const std::string& partition, const std::string& key);
  template <typename Record>
  std::optional<Record> Find(const std::string& partition, const std::string& key) {
    const std::optional<std::string> bytes = RowAt(partition, key);
    Record record;
    if (!bytes.has_value() || !record.ParseFromString(*bytes)) return std::nullopt;
    return record;
  }
  // Writes behind the server's back, as one commit: what another node, a sweeper or damage would have done.
  void Overwrite(const std::string& partition, std::vector<storage::Write> writes);

 private:
  template <typename Op, typename Result, typename... Args>
  Pending<Result> Submit(const std::string& partition, Args&&... args);
  absl::StatusOr<storage::ReadResult> ReadStore(storage::ReadRequest request);
  void MakeParts();

  storage::MemoryEngine memory_;
  storage::Engine& store_;
  ManualClock clock_{kTestNowMs};
  crypto::SeededRandom random_;
  QueueExecutor executor_;
  Policy policy_;
  std::map<std::string, uint64_t> heard_;
  std::unique_ptr<PageTokens> tokens_;
  std::unique_ptr<storage::FaultyEngine> faults_;
  RevocationJournal* journal_ = nullptr;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<DirectoryReader> directory_;
  std::unique_ptr<HistoryReader> history_;
  std::unique_ptr<ChangeReader> changes_;
  std::unique_ptr<DownloadReader> downloads_;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_SERVER_H_
