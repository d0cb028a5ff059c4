#include "tests/fault/choice_engine.h"

#include <fmt/format.h>

#include <functional>
#include <set>

#include "common/errors.h"

namespace labyrinth::fault {

using storage::CommitRequest;
using storage::CommitResult;
using Outcome = CommitResult::Outcome;

CommitResult ChoiceEngine::Apply(const CommitRequest& commit) {
  if (breach_ != Breach::kNoCondition && commit.expect != now_.position) {
    return {Outcome::kConflict, now_.position, absl::OkStatus()};
  }
  on_commit_(now_, commit);
  for (const storage::Write& write : commit.writes) {
    if (write.value.has_value()) {
      now_.rows[write.key] = *write.value;
    } else {
      now_.rows.erase(write.key);
    }
  }
  ++now_.position.revision;
  return {Outcome::kCommitted, now_.position, absl::OkStatus()};
}

std::string ChoiceEngine::Answer(std::size_t index, CommitFate fate) {
  Waiting waiting = std::move(calls_[index]);
  calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(index));
  if (auto* read = std::get_if<0>(&waiting.call)) {
    storage::ReadResult result;
    result.position = now_.position;
    const Rows& rows = breach_ == Breach::kStaleReads ? start_.rows : now_.rows;
    for (const std::string& key : read->first.keys) {
      const auto row = rows.find(key);
      result.values.push_back(row == rows.end() ? std::nullopt : std::optional(row->second));
    }
    std::string values;
    for (const auto& value : result.values)
      values += value.has_value() ? fmt::format("{}:{}", value->size(), *value) : "-";
    std::string learnt = fmt::format("read at {}: {}", result.position.revision, std::hash<std::string>()(values));
    std::move(read->second)(std::move(result));
    return learnt;
  }
  auto& [commit, done] = std::get<1>(waiting.call);
  CommitResult result{Outcome::kUnknown, {}, absl::OkStatus()};
  if (fate == CommitFate::kHonest) {
    result = Apply(commit);
  } else if (fate == CommitFate::kAppliedUnknown) {
    Apply(commit);
  } else if (fate == CommitFate::kLateUnknown) {
    late_.push_back(commit);
  }
  std::string learnt = fmt::format("commit {} at {}", static_cast<int>(result.outcome), result.position.revision);
  std::move(done)(std::move(result));
  return learnt;
}

void ChoiceEngine::ApplyLate(std::size_t index) {
  const CommitRequest commit = std::move(late_[index]);
  late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(index));
  Apply(commit);
}

void ChoiceEngine::Refuse() {
  std::vector<Waiting> calls = std::move(calls_);
  calls_.clear();
  for (Waiting& waiting : calls) {
    if (auto* read = std::get_if<0>(&waiting.call)) {
      std::move(read->second)(errors::EngineUnavailable("the search ends here"));
    } else {
      std::move(std::get<1>(waiting.call).second)(
          {Outcome::kFailed, {}, errors::EngineUnavailable("the search ends here")});
    }
  }
}

std::string ChoiceEngine::Signature() const {
  std::string out = fmt::format("{}|", now_.position.revision);
  for (const auto& [key, value] : now_.rows) out += fmt::format("{}:{}{}:{}", key.size(), key, value.size(), value);
  // One call a node at most, since both have one mailbox; in which order they came doesn't matter.
  std::set<std::pair<int, std::size_t>> calls;
  for (const Waiting& waiting : calls_) calls.emplace(waiting.node, waiting.call.index());
  for (const auto& [node, kind] : calls) out += fmt::format("|{}{}", node, kind);
  for (const CommitRequest& commit : late_) {
    out += fmt::format("|late {}", commit.expect.revision);
    for (const storage::Write& write : commit.writes) out += write.key + "=" + write.value.value_or("-");
  }
  return out;
}

}  // namespace labyrinth::fault
