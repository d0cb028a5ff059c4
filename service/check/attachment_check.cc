#include "service/check/attachment_check.h"

#include "absl/synchronization/notification.h"
#include "storage/blocking.h"

namespace labyrinth::check {

namespace keys = storage::attachment_keys;
using storage::AttachmentBlob;
using storage::AttachmentIndex;
using storage_v1::BackReferenceRecord;
using storage_v1::BlobRecord;
using storage_v1::ReferenceRecord;

namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr std::size_t kNameBytes = 32;

std::string RowBegin() { return "\x02"; }
std::string RowEnd() { return "\x03"; }
std::string BackBegin() { return "\x04"; }
std::string BackEnd() { return "\x05"; }

std::optional<AttachmentIndex> IndexOf(const std::string& key) {
  return AttachmentIndex::From(std::string_view(key).substr(1));
}
std::optional<AttachmentBlob> BlobOf(const std::string& key) {
  return AttachmentBlob::From(std::string_view(key).substr(1));
}
struct BackKey {
  AttachmentBlob blob;
  AttachmentIndex index;
};
std::optional<BackKey> BackKeyOf(const std::string& key) {
  if (key.size() != 1 + 2 * kNameBytes) return std::nullopt;
  return BackKey{*AttachmentBlob::From(std::string_view(key).substr(1, kNameBytes)),
                 *AttachmentIndex::From(std::string_view(key).substr(1 + kNameBytes))};
}
// All members of a blob's set.
std::pair<std::string, std::string> SetOf(const AttachmentBlob& blob) {
  std::string begin = BackBegin() + blob.str();
  std::string end = begin + std::string(kNameBytes + 1, '\xff');
  return {std::move(begin), std::move(end)};
}

}  // namespace

template <typename Record>
std::optional<Record> AttachmentCheck::ReadElsewhere(const std::string& partition, const std::string& key) {
  const auto read = storage::ReadAndWait(engine_, {partition, {key}, {}, absl::Now() + kPatience});
  if (!read.ok()) {
    if (!absl::IsDataLoss(read.status())) Fail(read.status());
    return std::nullopt;
  }
  Record record;
  if (!read->values[0].has_value() || !record.ParseFromString(*read->values[0])) return std::nullopt;
  return record;
}

bool AttachmentCheck::StandsAt(const storage::Position& position) {
  const auto read = storage::ReadAndWait(engine_, {partition_, {keys::Head()}, {}, absl::Now() + kPatience});
  if (!read.ok()) Fail(read.status());
  return read.ok() && read->position == position;
}

void AttachmentCheck::Run() {
  const auto kind = keys::KindOfPartition(partition_);
  if (kind == keys::Kind::kReferences) {
    CheckReferences();
  } else {
    CheckBlobs();
    CheckBackReferences();
  }
  CheckDue(*kind);
  CheckHead();
}

void AttachmentCheck::CheckReferences() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    const auto index = IndexOf(row.key);
    ReferenceRecord reference;
    if (!index.has_value() || !reference.ParseFromString(row.value)) return;
    wants.Key(keys::ReferenceDue(reference.due_ms(), *index));
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto index = IndexOf(row.key);
    ReferenceRecord reference;
    const bool parsed = index.has_value() && reference.ParseFromString(row.value);
    const auto blob = AttachmentBlob::From(reference.blob_name());
    if (!parsed || !blob.has_value() || reference.due_ms() == 0) return Primary("reference_unreadable", row.key);
    const std::string due = keys::ReferenceDue(reference.due_ms(), *index);
    if (!moment.HasMark(due)) {
      Derived("due_mark_missing", due);
      PutMark(due);
    }
    if (reference.deleting() || Reported(row.key)) return;
    const std::string elsewhere = keys::BlobPartition(*blob);
    const auto record = ReadElsewhere<BlobRecord>(elsewhere, keys::Blob(*blob));
    const auto back = ReadElsewhere<BackReferenceRecord>(elsewhere, keys::BackReference(*blob, *index));
    if (stopped() || (record.has_value() && !record->freeing() && back.has_value())) return;
    if (!StandsAt(moment.position())) return Again();
    Primary("reference_without_blob", row.key);
  };
  Walk("references_unreadable", RowBegin(), RowEnd(), need, judge);
}

void AttachmentCheck::CheckBlobs() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    const auto name = BlobOf(row.key);
    BlobRecord blob;
    if (!name.has_value() || !blob.ParseFromString(row.value)) return;
    if (blob.due_ms() != 0) wants.Key(keys::BlobDue(blob.due_ms(), *name));
    const auto [begin, end] = SetOf(*name);
    wants.Range(begin, end);
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto name = BlobOf(row.key);
    BlobRecord blob;
    if (!name.has_value() || !blob.ParseFromString(row.value)) return Primary("blob_unreadable", row.key);
    if (blob.due_ms() != 0 && !moment.HasMark(keys::BlobDue(blob.due_ms(), *name))) {
      Derived("due_mark_missing", keys::BlobDue(blob.due_ms(), *name));
      PutMark(keys::BlobDue(blob.due_ms(), *name));
    }
    const auto [begin, end] = SetOf(*name);
    const Page& set = *moment.PageOf(begin, end);
    if (set.more) {
      ++summary_.unjudged;
    } else if (set.items.size() != blob.reference_count()) {
      Derived("reference_count_wrong", row.key);
      BlobRecord right = blob;
      right.set_reference_count(set.items.size());
      Put(row.key, right);
    }
    if (blob.freeing() || set.items.empty() || Reported(row.key)) return;
    // What has references is complete, until it is out of use.
    absl::Notification done;
    absl::StatusOr<uint64_t> committed;
    blobs_.Stat(*name, absl::Now() + kPatience, [&](absl::StatusOr<uint64_t> stat) {
      committed = std::move(stat);
      done.Notify();
    });
    done.WaitForNotification();
    if (committed.ok() && *committed == blob.size_bytes()) return;
    if (!committed.ok() && !absl::IsDataLoss(committed.status())) return Fail(committed.status());
    const auto now = ReadElsewhere<BlobRecord>(partition_, row.key);
    if (stopped() || !now.has_value() || now->freeing() || now->reference_count() == 0) return;
    Primary(committed.ok() ? "blob_bytes_missing" : "blob_bytes_unreadable", row.key);
  };
  Walk("blobs_unreadable", RowBegin(), RowEnd(), need, judge);
}

void AttachmentCheck::CheckBackReferences() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    const auto key = BackKeyOf(row.key);
    BackReferenceRecord back;
    if (!key.has_value() || !back.ParseFromString(row.value)) return;
    wants.Key(keys::Blob(key->blob));
    if (back.due_ms() != 0) wants.Key(keys::BackReferenceDue(back.due_ms(), key->blob, key->index));
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto key = BackKeyOf(row.key);
    BackReferenceRecord back;
    if (!key.has_value() || !back.ParseFromString(row.value)) return Primary("back_reference_unreadable", row.key);
    if (!moment.Has(keys::Blob(key->blob))) return Primary("back_reference_without_blob", row.key);
    if (back.due_ms() != 0) {
      const std::string due = keys::BackReferenceDue(back.due_ms(), key->blob, key->index);
      if (moment.HasMark(due)) return;
      Derived("due_mark_missing", due);
      return PutMark(due);
    }
    const auto reference =
        ReadElsewhere<ReferenceRecord>(keys::ReferencePartition(key->index), keys::Reference(key->index));
    if (stopped() || (reference.has_value() && reference->blob_name() == key->blob.view())) return;
    if (!StandsAt(moment.position())) return Again();
    // The sweeper looks into it, and drops it if it is so.
    Derived("back_reference_without_reference", row.key);
    back.set_due_ms(now_ms_);
    Put(row.key, back);
    PutMark(keys::BackReferenceDue(now_ms_, key->blob, key->index));
  };
  Walk("back_references_unreadable", BackBegin(), BackEnd(), need, judge);
}

void AttachmentCheck::CheckDue(keys::Kind kind) {
  const auto owner = [](const keys::Due& due) {
    if (!due.blob.has_value()) return keys::Reference(*due.index);
    return due.index.has_value() ? keys::BackReference(*due.blob, *due.index) : keys::Blob(*due.blob);
  };
  const auto need = [&](const Moment&, const Row& row, Wants& wants) {
    if (const auto due = keys::ParseDue(kind, row.key)) wants.Key(owner(*due));
  };
  const auto judge = [&](const Moment& moment, const Row& row) {
    if (const auto due = keys::ParseDue(kind, row.key)) {
      const std::string key = owner(*due);
      std::optional<int64_t> owner_ms;
      if (!due->blob.has_value()) {
        if (const auto record = moment.Get<ReferenceRecord>(key)) owner_ms = record->due_ms();
      } else if (due->index.has_value()) {
        if (const auto record = moment.Get<BackReferenceRecord>(key)) owner_ms = record->due_ms();
      } else if (const auto record = moment.Get<BlobRecord>(key)) {
        owner_ms = record->due_ms();
      }
      if (owner_ms.has_value() ? *owner_ms == due->due_ms : moment.Has(key)) return;
    }
    Derived("due_mark_stray", row.key);
    Delete(row.key);
  };
  const keys::DueRange range = keys::AllDue();
  Walk("due_marks_unreadable", range.begin, range.end, need, judge);
}

void AttachmentCheck::CheckHead() {
  const keys::DueRange range = keys::AllDue();
  Once(
      "head_unreadable",
      [&](const Moment&, Wants& wants) {
        wants.Key(keys::Head());
        wants.First(range.begin, range.end);
      },
      [&](const Moment& moment) {
        if (moment.position().revision == 0) return;
        const auto head = moment.Get<storage_v1::AttachmentHead>(keys::Head());
        if (!head.has_value() || head->version() != storage::kAttachmentSchemaVersion) {
          return Primary(moment.Has(keys::Head()) ? "head_unreadable" : "head_missing", keys::Head());
        }
        const Page& first = *moment.PageOf(range.begin, range.end);
        if (first.items.empty()) return;
        const auto due = keys::ParseDue(*keys::KindOfPartition(partition_), first.items[0].key);
        if (!due.has_value() || (head->wake_at_ms() != 0 && head->wake_at_ms() <= due->due_ms)) return;
        Derived("wake_time_late", keys::Head());
        storage_v1::AttachmentHead right = *head;
        right.set_wake_at_ms(due->due_ms);
        Put(keys::Head(), right);
        SetWake(due->due_ms);
      });
}

}  // namespace labyrinth::check
