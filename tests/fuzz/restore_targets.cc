#include <fmt/format.h>

#include "common/crc32c.h"
#include "crypto/statements/codec.h"
#include "service/journal/journal_codec.h"
#include "storage/rocksdb/backup_record.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

using journal::JournalEntry;

// A body with the frame that it needs to be looked at: a search doesn't guess checksums.
std::string Framed(std::string_view body) {
  std::string out;
  crypto::AppendU32(out, static_cast<uint32_t>(body.size()));
  crypto::AppendU32(out, ExtendCrc32c(Crc32c(out), body));
  out.append(body);
  return out;
}

void CheckJournal(std::string_view bytes) {
  const auto content = journal::DecodeJournal(bytes);
  if (!content.ok()) return;
  std::string again = EncodeJournalHeader(content->id);
  for (const JournalEntry& entry : content->entries) again += EncodeJournalEntry(entry);
  Require(again == bytes.substr(0, content->intact_bytes), "a journal that is taken has one form");
  Require(content->torn == (content->intact_bytes < bytes.size()), "what follows it is torn");
  Require(content->Revocations().size() <= content->entries.size(), "nothing counts twice");
}

// As a whole file, and as the body of its first entry.
void RunRevocationJournal(std::string_view input) {
  CheckJournal(input);
  CheckJournal(journal::EncodeJournalHeader({}) + Framed(input));
}

std::vector<std::string> RevocationJournalSeeds() {
  constexpr std::size_t kFrameBytes = 8;
  JournalEntry revoke{.number = 1, .kind = JournalEntry::Kind::kRevoke, .generation = 1, .revocation = {}, .about = 0};
  revoke.revocation = {.partition = std::string(32, 'p'),
                       .mailbox_id = std::string(16, 'm'),
                       .devices = {{DeviceId(7), std::string(32, 'k')}, {DeviceId(8), std::string(32, 'l')}},
                       .time_ms = 1'700'000'000'000};
  JournalEntry removal = revoke;
  removal.kind = JournalEntry::Kind::kDelete;
  removal.revocation.devices.clear();
  const JournalEntry voids{
      .number = 2, .kind = JournalEntry::Kind::kVoid, .generation = 1, .revocation = {}, .about = 1};
  const std::string whole = journal::EncodeJournalHeader({}) + EncodeJournalEntry(revoke) + EncodeJournalEntry(voids);
  return {whole, whole.substr(0, whole.size() - 3), EncodeJournalEntry(revoke).substr(kFrameBytes),
          EncodeJournalEntry(removal).substr(kFrameBytes)};
}

void CheckRecord(std::string_view text) {
  const auto record = storage::DecodeBackupRecord(text);
  if (record.has_value()) Require(EncodeBackupRecord(*record) == text, "a record that is taken has one form");
}

// As it is, and with the checksum that it needs to be looked at.
void RunBackupRecord(std::string_view input) {
  CheckRecord(input);
  CheckRecord(fmt::format("{}crc32c {:08x}\n", input, Crc32c(input)));
  if (const auto name = storage::BackupName::Parse(input)) Require(name->text() == input, "a name has one form");
}

std::vector<std::string> BackupRecordSeeds() {
  const std::string record = storage::EncodeBackupRecord({.name = {1, 3},
                                                          .create_ms = 1'700'000'000'000,
                                                          .files = 12,
                                                          .bytes = 104'857'600,
                                                          .meta_crc32c = 0x5f0c1a77,
                                                          .labels = {{"generation", "1"}, {"journal_bytes", "44"}}});
  return {record, record.substr(0, record.rfind("crc32c")), "1.3"};
}

constexpr FuzzTarget kTargets[] = {
    {"revocation_journal", RevocationJournalSeeds, RunRevocationJournal},
    {"backup_record", BackupRecordSeeds, RunBackupRecord},
};

}  // namespace

std::span<const FuzzTarget> RestoreTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
