#include "service/restore/backup_labels.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "common/bytes.h"

namespace labyrinth::restore {
namespace {

constexpr char kJournal[] = "journal", kJournalBytes[] = "journal_bytes", kGeneration[] = "generation";

std::optional<uint64_t> NumberOf(const std::map<std::string, std::string>& labels, const char* name) {
  const auto found = labels.find(name);
  if (found == labels.end()) return std::nullopt;
  const std::string& text = found->second;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::map<std::string, std::string> ToLabels(const BackupLabels& labels) {
  return {{kJournal, ToHex(labels.journal.view())},
          {kJournalBytes, std::to_string(labels.journal_bytes)},
          {kGeneration, std::to_string(labels.generation)}};
}

absl::StatusOr<BackupLabels> FromLabels(const std::map<std::string, std::string>& labels) {
  const auto id = labels.find(kJournal);
  const auto bytes = id == labels.end() ? std::nullopt : FromHex(id->second);
  const auto journal = bytes.has_value() ? journal::JournalId::From(*bytes) : std::nullopt;
  const auto journal_bytes = NumberOf(labels, kJournalBytes);
  const auto generation = NumberOf(labels, kGeneration);
  if (!journal.has_value() || !journal_bytes.has_value() || !generation.has_value()) {
    return absl::DataLossError("the backup doesn't say which journal of revocations goes with it");
  }
  return BackupLabels{*journal, *journal_bytes, *generation};
}

absl::Status CheckJournal(const BackupLabels& labels, const journal::JournalContent& content) {
  if (content.id != labels.journal) {
    return absl::FailedPreconditionError("the journal of revocations of another store than the backup's");
  }
  if (content.intact_bytes < labels.journal_bytes) {
    return absl::FailedPreconditionError(
        "it ends before the backup was made: an old copy of the journal. Find the newest");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::restore
