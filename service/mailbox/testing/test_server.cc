#include "service/mailbox/testing/test_server.h"

#include <cstdlib>

#include "common/limits.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::mailbox::testing {

using storage::CommitResult;

TestServer::TestServer(uint64_t seed, storage::Engine* store)
    : store_(store != nullptr ? *store : memory_), random_(seed) {
  policy_.server_name = std::string(kTestServerName);
  policy_.partition_of = [](std::string_view account_id) {
    return crypto::MacWithPublicKey(account_id, "the store's key").str();
  };
  policy_.quota_bytes = limits::kQuotaBytes;
  policy_.quota_messages = limits::kQuotaMessages;
  faults_ = std::make_unique<storage::FaultyEngine>(store_);
  tokens_ = std::make_unique<PageTokens>(crypto::RandomSecret(32, random_), kTestGeneration, random_);
  MakeParts();
}

TestServer::~TestServer() {
  // The sequencer waits for its operations; they wait for whatever the test still holds back.
  do {
    faults_->Release();
  } while (executor_.RunAll() > 0 || faults_->held() > 0);
}

void TestServer::MakeParts() {
  sequencer_ = std::make_unique<Sequencer>(
      *faults_, executor_, clock_, random_,
      [this](const std::string& partition) { heard_[partition] = PositionOf(partition).revision; }, journal_);
  directory_ = std::make_unique<DirectoryReader>(*faults_, *tokens_);
  history_ = std::make_unique<HistoryReader>(*faults_, *tokens_, clock_);
  changes_ = std::make_unique<ChangeReader>(*faults_, kTestGeneration, clock_);
  downloads_ = std::make_unique<DownloadReader>(*faults_, *tokens_, clock_, executor_);
}

void TestServer::Restart() {
  Settle();
  sequencer_.reset();
  MakeParts();
}

void TestServer::RestartWithJournal(RevocationJournal* journal) {
  journal_ = journal;
  Restart();
}

template <typename Op, typename Result, typename... Args>
Pending<Result> TestServer::Submit(const std::string& partition, Args&&... args) {
  auto pending = std::make_shared<std::optional<absl::StatusOr<Result>>>();
  sequencer_->Submit(partition,
                     std::make_unique<Op>(std::forward<Args>(args)..., [pending](absl::StatusOr<Result> result) {
                       if (pending->has_value()) std::abort();  // answered twice
                       *pending = std::move(result);
                     }));
  return pending;
}

Pending<CreateMailboxResponse> TestServer::Start(CreateMailboxRequest request) {
  const std::string partition = request.partition;
  return Submit<CreateMailboxOperation, CreateMailboxResponse>(partition, policy_, std::move(request), random_);
}

Pending<std::monostate> TestServer::Start(DeleteMailboxRequest request) {
  const std::string partition = request.caller.partition;
  return Submit<DeleteMailboxOperation, std::monostate>(partition, policy_, std::move(request));
}

Pending<RegisterDeviceResponse> TestServer::Start(RegisterDeviceRequest request) {
  const std::string partition = request.partition;
  return Submit<RegisterDeviceOperation, RegisterDeviceResponse>(partition, policy_, std::move(request), random_);
}

Pending<DeviceId> TestServer::Start(CreateVirtualDeviceRequest request) {
  const std::string partition = request.caller.partition;
  return Submit<CreateVirtualDeviceOperation, DeviceId>(partition, policy_, std::move(request), random_);
}

Pending<uint64_t> TestServer::Start(RevokeDeviceRequest request) {
  const std::string partition = request.partition;
  return Submit<RevokeDeviceOperation, uint64_t>(partition, policy_, std::move(request));
}

Pending<OpenEpochResponse> TestServer::Start(OpenEpochRequest request) {
  const std::string partition = request.caller.partition;
  return Submit<OpenEpochOperation, OpenEpochResponse>(partition, policy_, std::move(request), random_);
}

Pending<SaveResponse> TestServer::Start(SaveRequest request) {
  const std::string partition = request.caller.partition;
  return Submit<SaveMessagesOperation, SaveResponse>(partition, policy_, std::move(request));
}

Pending<DeleteResponse> TestServer::Start(DeleteRequest request) {
  const std::string partition = request.caller.partition;
  return Submit<DeleteMessagesOperation, DeleteResponse>(partition, std::move(request));
}

Pending<std::monostate> TestServer::Start(Caller caller) {
  const std::string partition = caller.partition;
  return Submit<NoteSignInOperation, std::monostate>(partition, std::move(caller));
}

std::shared_ptr<Completion> TestServer::Start(const std::string& partition, Script script) {
  auto completion = std::make_shared<Completion>();
  sequencer_->Submit(partition, std::make_unique<FunctionOperation>(std::move(script), completion));
  return completion;
}

Completion TestServer::Do(const std::string& partition, Script script) {
  const std::shared_ptr<Completion> completion = Start(partition, std::move(script));
  Settle();
  return *completion;
}

void TestServer::WhileBusy(const std::string& partition, const std::function<void()>& start) {
  faults_->ScriptReads({storage::ReadFault::kHoldRequest});
  Start(partition, Script{.alone = true});
  start();
  faults_->Release();
  Settle();
}

absl::StatusOr<storage::ReadResult> TestServer::ReadStore(storage::ReadRequest request) {
  absl::StatusOr<storage::ReadResult> answer = absl::InternalError("not answered");
  store_.Read(std::move(request),
              [&answer](absl::StatusOr<storage::ReadResult> result) { answer = std::move(result); });
  return answer;  // it answers at once
}

storage::Position TestServer::PositionOf(const std::string& partition) {
  storage::ReadRequest read;
  read.partition = partition;
  return ReadStore(std::move(read))->position;
}

absl::StatusOr<std::map<std::string, std::string>> TestServer::TryRows(const std::string& partition) {
  storage::ReadRequest read;
  read.partition = partition;
  storage::Scan everything;
  everything.begin = std::string(1, '\0');
  everything.end = std::string(1, '\xff');
  everything.max_items = SIZE_MAX;
  everything.max_bytes = SIZE_MAX;
  read.scans = {everything};
  std::map<std::string, std::string> rows;
  absl::StatusOr<storage::ReadResult> result = ReadStore(std::move(read));
  if (!result.ok()) return result.status();
  for (const storage::Row& row : result->pages[0].items) rows[std::string(row.key)] = row.value;
  return rows;
}

std::optional<std::string> TestServer::RowAt(const std::string& partition, const std::string& key) {
  storage::ReadRequest read;
  read.partition = partition;
  read.keys = {key};
  return ReadStore(std::move(read))->values[0];
}

void TestServer::Overwrite(const std::string& partition, std::vector<storage::Write> writes) {
  storage::CommitRequest commit;
  commit.partition = partition;
  commit.expect = PositionOf(partition);
  commit.writes = std::move(writes);
  store_.Commit(std::move(commit), [](CommitResult result) {
    if (result.outcome != CommitResult::Outcome::kCommitted) std::abort();
  });
}

}  // namespace labyrinth::mailbox::testing
