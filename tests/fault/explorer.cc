#include "tests/fault/explorer.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/errors.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/seeded_random.h"
#include "service/mailbox/sequencer.h"
#include "service/mailbox/testing/queue_executor.h"
#include "service/mailbox/testing/store_check.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "storage/schema.h"

namespace labyrinth::fault {

namespace keys = storage::keys;
using mailbox::Sequencer;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;

namespace {

constexpr int kNodes = 2;
constexpr std::size_t kFindings = 5;

// A save that stores under whatever epoch it names.
class UncheckedSave final : public mailbox::OperationWithResult<mailbox::SaveResponse> {
 public:
  UncheckedSave(const mailbox::Policy& policy, mailbox::SaveRequest request, Done done)
      : OperationWithResult(std::move(done)), policy_(policy), request_(std::move(request)) {}
  void Need(const mailbox::BatchState& state, std::vector<std::string>& keys) const override {
    mailbox::SaveMessagesOperation(policy_, request_, [](auto) {}).Need(state, keys);
  }
  absl::Status Decide(mailbox::Transaction& txn) override {
    mailbox::SaveRequest current = request_;
    current.epoch_id = EpochId(txn.head().current_epoch_id());
    if (auto s = mailbox::SaveMessagesOperation(policy_, current, [](auto) {}).Decide(txn); !s.ok()) return s;
    for (const mailbox::SaveMessage& message : request_.messages) {
      const auto at = txn.GetExisting<storage_v1::MessageLocation>(keys::MessageLocation(message.message_id));
      if (!at.ok()) return at.status();
      const std::string key = keys::Message(at->thread_number(), mailbox::FromRecord(at->place()));
      auto record = txn.GetExisting<storage_v1::MessageRecord>(key);
      if (!record.ok()) return record.status();
      record->set_epoch_id(request_.epoch_id.value());
      txn.Put(key, *record);
    }
    return absl::OkStatus();
  }
  bool alone() const override { return false; }

 private:
  const mailbox::Policy& policy_;
  const mailbox::SaveRequest request_;
};

// The mailbox at the start, and the requests that are made of it.
struct Scene {
  Scene()
      : box(server),
        b(mailbox::testing::MakePhysical(server.random())),
        c(mailbox::testing::MakePhysical(server.random())) {
    box.Create();
    b.id = server.Do(box.RegisterByMember(box.first(), b)).value().device_id;
    start = *ReadPartition(server.store(), box.partition());
    const TestDevice& a = box.first();
    open_removing_b.emplace(box.OpenRequest(a, {b.id}));
    open_by_b.emplace(box.OpenRequest(b));
    revoke_b.emplace(box.RevokeRequest(a, b.id));
    cut_off_b.emplace(box.CutOffRequest(b.id));
    register_by_b.emplace(box.RegisterByMember(b, c));
  }
  mailbox::RegisterDeviceRequest RegisterByB() const {
    const mailbox::RegisterDeviceRequest& from = *register_by_b;
    const auto& grant = std::get<mailbox::MemberGrant>(from.sponsor);
    return {from.partition,
            from.request,
            mailbox::MemberGrant{grant.member, grant.temporary.Clone()},
            from.keys,
            from.evolve_token.Clone(),
            from.epoch_id,
            from.epoch_device_mac,
            from.log_entry,
            from.sealed_label};
  }

  TestServer server;
  TestMailbox box;
  TestDevice b, c;
  StoredPartition start;
  std::optional<mailbox::OpenEpochRequest> open_removing_b, open_by_b;
  std::optional<mailbox::RevokeDeviceRequest> revoke_b, cut_off_b;
  std::optional<mailbox::RegisterDeviceRequest> register_by_b;
};

// What became of one move.
struct Call {
  bool started = false;
  int answers = 0;
  absl::Status status;
  uint64_t epoch_id = 0;       // of an opened one
  bool after_removal = false;  // it began when B's removal had been acknowledged
};

bool Removes(Move move) { return move == Move::kOpenRemovingB || move == Move::kRevokeB || move == Move::kCutOffB; }
bool IsByB(Move move) { return move == Move::kSaveByB || move == Move::kOpenByB || move == Move::kRegisterByB; }
bool IsSave(Move move) { return move == Move::kSaveByA || move == Move::kSaveByB; }
std::string MessageId(std::size_t index) { return fmt::format("m{}", index); }

// One thing that may happen next.
struct Choice {
  enum class Kind { kStart, kAnswer, kLate } kind = Kind::kStart;
  std::size_t index = 0;
  CommitFate fate = CommitFate::kHonest;
};

std::string ToText(const Choice& choice) {
  constexpr std::array<const char*, 4> kFates = {"", " lost, unknown", " applied, unknown", " late, unknown"};
  constexpr std::array<const char*, 3> kKinds = {"start", "answer", "late"};
  return fmt::format("{} {}{}", kKinds[static_cast<int>(choice.kind)], choice.index,
                     kFates[static_cast<int>(choice.fate)]);
}

// The nodes, the store and the calls, after some choices.
class World {
 public:
  World(Scene& scene, const SearchOptions& options)
      : scene_(scene),
        options_(options),
        engine_(scene.start, options.breach,
                [this](const StoredPartition& before, const storage::CommitRequest& commit) { Check(before, commit); }),
        calls_(options.moves.size()) {
    for (int node = 0; node < kNodes; ++node) {
      ports_[node] = std::make_unique<ChoiceEngine::Port>(engine_, node);
      sequencers_[node] = std::make_unique<Sequencer>(*ports_[node], executor_, clock_, random_);
    }
  }

  ~World() {
    while (executor_.RunAll() > 0 || engine_.waiting() > 0) engine_.Refuse();
  }

  std::vector<Choice> Choices() const {
    std::vector<Choice> out;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!calls_[i].started) out.push_back({Choice::Kind::kStart, i});
    }
    for (std::size_t i = 0; i < engine_.waiting(); ++i) {
      out.push_back({Choice::Kind::kAnswer, i});
      if (!engine_.is_commit(i) || faults_ == options_.faults) continue;
      for (const auto fate : {CommitFate::kLostUnknown, CommitFate::kAppliedUnknown, CommitFate::kLateUnknown}) {
        out.push_back({Choice::Kind::kAnswer, i, fate});
      }
    }
    for (std::size_t i = 0; i < engine_.late(); ++i) out.push_back({Choice::Kind::kLate, i});
    return out;
  }

  void Take(const Choice& choice) {
    switch (choice.kind) {
      case Choice::Kind::kStart:
        Start(choice.index);
        break;
      case Choice::Kind::kAnswer: {
        const int node = engine_.node(choice.index);
        if (choice.fate != CommitFate::kHonest) ++faults_;
        learnt_[node] += engine_.Answer(choice.index, choice.fate) + ";";
        break;
      }
      case Choice::Kind::kLate:
        engine_.ApplyLate(choice.index);
    }
    executor_.RunAll();
  }

  // Two worlds of one signature go on alike: it has the store, what is on its way, and all that each node has learnt.
  std::string Signature() const {
    std::string out = engine_.Signature() + fmt::format("|{}", faults_);
    for (const std::string& learnt : learnt_) out += "|" + learnt;
    for (const Call& call : calls_) out += fmt::format("|{}{}{}", call.started, call.answers, call.after_removal);
    return out;
  }

  // Only where there are no choices left.
  void CheckEnd() {
    for (const std::string& line : mailbox::testing::CheckStore(engine_.now().rows)) Find(line);
    for (std::size_t i = 0; i < calls_.size(); ++i) CheckCall(i);
  }

  const std::vector<std::string>& findings() const { return findings_; }

 private:
  void Find(std::string what) { findings_.push_back(std::move(what)); }

  template <typename Result>
  auto Done(std::size_t index) {
    return [this, index](absl::StatusOr<Result> result) {
      Call& call = calls_[index];
      ++call.answers;
      call.status = result.status();
      if constexpr (std::is_same_v<Result, mailbox::OpenEpochResponse>) {
        if (result.ok()) call.epoch_id = result->epoch_id.value();
      }
      learnt_[index % kNodes] += fmt::format("answered {} {};", index, call.status.raw_code());
      if (!result.ok()) return;
      if (Removes(options_.moves[index])) removed_ = true;
      if (call.after_removal && IsByB(options_.moves[index])) Find("a removed device acts");
    };
  }

  void Start(std::size_t index) {
    Call& call = calls_[index];
    call.started = true;
    call.after_removal = removed_;
    Sequencer& node = *sequencers_[index % kNodes];
    learnt_[index % kNodes] += fmt::format("start {};", index);
    const mailbox::Policy& policy = scene_.server.policy();
    const auto submit = [&](auto operation) { node.Submit(scene_.box.partition(), std::move(operation)); };
    crypto::SeededRandom random(1000 + index);  // the epochs' and devices' ids
    switch (options_.moves[index]) {
      case Move::kSaveByA:
      case Move::kSaveByB: {
        const TestDevice& by = options_.moves[index] == Move::kSaveByA ? scene_.box.first() : scene_.b;
        auto request = scene_.box.Save(by, {mailbox::testing::MakeMessage(MessageId(index), "t", 1)});
        auto done = Done<mailbox::SaveResponse>(index);
        if (options_.save_skips_epoch_check) {
          return submit(std::make_unique<UncheckedSave>(policy, std::move(request), std::move(done)));
        }
        return submit(std::make_unique<mailbox::SaveMessagesOperation>(policy, std::move(request), std::move(done)));
      }
      case Move::kOpenRemovingB:
      case Move::kOpenByB:
        return submit(std::make_unique<mailbox::OpenEpochOperation>(
            policy, options_.moves[index] == Move::kOpenByB ? *scene_.open_by_b : *scene_.open_removing_b, random,
            Done<mailbox::OpenEpochResponse>(index)));
      case Move::kRevokeB:
      case Move::kCutOffB:
        return submit(std::make_unique<mailbox::RevokeDeviceOperation>(
            policy, options_.moves[index] == Move::kRevokeB ? *scene_.revoke_b : *scene_.cut_off_b,
            Done<uint64_t>(index)));
      case Move::kRegisterByB:
        return submit(std::make_unique<mailbox::RegisterDeviceOperation>(policy, scene_.RegisterByB(), random,
                                                                         Done<mailbox::RegisterDeviceResponse>(index)));
    }
  }

  template <typename Record>
  static std::optional<Record> At(const Rows& rows, const std::string& key) {
    const auto row = rows.find(key);
    Record record;
    if (row == rows.end() || !record.ParseFromString(row->second)) return std::nullopt;
    return record;
  }

  // The rules about one commit, by the rows alone.
  void Check(const StoredPartition& before, const storage::CommitRequest& commit) {
    const auto head = At<storage_v1::MailboxHead>(before.rows, keys::Head()).value();
    for (const storage::Write& write : commit.writes) {
      if (!write.value.has_value()) continue;
      if (write.key[0] == keys::Message(0, {})[0]) {
        storage_v1::MessageRecord message;
        message.ParseFromString(*write.value);
        if (message.epoch_id() != head.current_epoch_id()) Find("a message is stored under an epoch that is over");
        if (head.rotation_required()) Find("a message is stored while a rotation is due");
        CheckMembersActive(before.rows, head.current_sequence_id());
      } else if (write.key[0] == keys::Epoch(0)[0]) {
        if (before.rows.contains(write.key)) Find("an epoch is written over");
        if (write.key != keys::Epoch(head.current_sequence_id() + 1)) Find("an epoch that isn't the next one");
      }
    }
  }

  void CheckMembersActive(const Rows& rows, uint32_t sequence) {
    for (auto row = rows.lower_bound(keys::Member(sequence, DeviceId())); row != rows.end(); ++row) {
      const auto member = keys::ParseMember(row->first);
      if (!member.has_value() || member->sequence_id != sequence) return;
      const auto device = At<storage_v1::DeviceRecord>(rows, keys::Device(member->device_id));
      if (!device.has_value() || device->revoked())
        Find("a message is stored under an epoch that a removed device holds");
    }
  }

  void CheckCall(std::size_t index) {
    const Call& call = calls_[index];
    const Move move = options_.moves[index];
    const Rows& rows = engine_.now().rows;
    if (call.answers != 1) Find(fmt::format("call {} was answered {} times", index, call.answers));
    const bool unknown = ReasonOf(call.status) == Reason::kOutcomeUnknown;
    if (IsSave(move)) {
      const bool there = rows.contains(keys::MessageLocation(MessageId(index)));
      if (call.status.ok() && !there) Find("an acknowledged save is lost");
      if (!call.status.ok() && !unknown && there) Find("a refused save is there");
    } else if (call.status.ok() && (move == Move::kOpenRemovingB || move == Move::kOpenByB)) {
      const auto epoch = At<storage_v1::EpochRecord>(rows, keys::Epoch(1));
      if (!epoch.has_value() || epoch->epoch_id() != call.epoch_id) Find("an acknowledged epoch is lost");
    }
    if (!Removes(move) || !call.status.ok()) return;
    const auto device = At<storage_v1::DeviceRecord>(rows, keys::Device(scene_.b.id));
    if (!device.has_value() || !device->revoked()) Find("an acknowledged removal is lost");
  }

  Scene& scene_;
  const SearchOptions& options_;
  ChoiceEngine engine_;
  std::vector<Call> calls_;
  ManualClock clock_{mailbox::testing::kTestNowMs};
  crypto::SeededRandom random_{7};
  mailbox::testing::QueueExecutor executor_;
  std::array<std::unique_ptr<ChoiceEngine::Port>, kNodes> ports_;
  std::array<std::unique_ptr<Sequencer>, kNodes> sequencers_;
  std::array<std::string, kNodes> learnt_;
  int faults_ = 0;
  bool removed_ = false;
  std::vector<std::string> findings_;
};

}  // namespace

SearchResult Search(const SearchOptions& options) {
  Scene scene;
  SearchResult result;
  std::set<std::string> known;  // digests
  std::vector<std::vector<Choice>> open = {{}};
  while (!open.empty()) {
    if (result.states == options.max_states || result.findings.size() >= kFindings) return result;
    const std::vector<Choice> way = std::move(open.back());
    open.pop_back();
    World world(scene, options);
    for (const Choice& choice : way) world.Take(choice);
    if (!known.insert(crypto::Sha256(world.Signature()).str()).second) continue;
    ++result.states;
    const std::vector<Choice> choices = world.Choices();
    if (choices.empty()) {
      ++result.ends;
      world.CheckEnd();
    }
    if (!world.findings().empty()) {
      std::string text = world.findings()[0] + ", by:";
      for (const Choice& choice : way) text += " " + ToText(choice) + ";";
      result.findings.push_back(std::move(text));
      continue;
    }
    for (const Choice& choice : choices) {
      open.push_back(way);
      open.back().push_back(choice);
    }
  }
  result.complete = true;
  return result;
}

}  // namespace labyrinth::fault
