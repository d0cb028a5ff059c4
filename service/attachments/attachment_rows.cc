#include "service/attachments/attachment_rows.h"

#include <algorithm>

#include "common/limits.h"

namespace labyrinth::attachments {

namespace keys = storage::attachment_keys;
using storage_v1::BackReferenceRecord;
using storage_v1::BlobRecord;
using storage_v1::ReferenceRecord;

namespace {

uint32_t DayOf(int64_t ms) { return static_cast<uint32_t>(ms / kDayMs); }
uint32_t FirstDayAfter(int64_t ms) { return static_cast<uint32_t>((ms + kDayMs - 1) / kDayMs); }
uint32_t FreshLeaseDay(int64_t now_ms) { return DayOf(now_ms) + limits::kAttachmentLeaseDays; }

int64_t EndMs(const ReferenceRecord& reference) {
  const uint32_t day =
      reference.expire_day() == 0 ? reference.lease_day() : std::min(reference.lease_day(), reference.expire_day());
  return day * kDayMs;
}

void PutReferenceRow(Rows& rows, const AttachmentIndex& index, ReferenceRecord& reference, int64_t due_ms) {
  if (reference.due_ms() != due_ms) {
    if (reference.due_ms() != 0) rows.Delete(keys::ReferenceDue(reference.due_ms(), index));
    reference.set_due_ms(due_ms);
    rows.PutMark(keys::ReferenceDue(due_ms, index));
    rows.WakeBy(due_ms);
  }
  rows.Put(keys::Reference(index), reference);
}

// `due_ms` 0: not due at all.
void PutBlobRow(Rows& rows, const AttachmentBlob& name, BlobRecord& blob, int64_t due_ms) {
  if (blob.due_ms() != due_ms) {
    if (blob.due_ms() != 0) rows.Delete(keys::BlobDue(blob.due_ms(), name));
    blob.set_due_ms(due_ms);
    if (due_ms != 0) {
      rows.PutMark(keys::BlobDue(due_ms, name));
      rows.WakeBy(due_ms);
    }
  }
  rows.Put(keys::Blob(name), blob);
}

}  // namespace

std::vector<std::string> ReferenceKeys(const AttachmentIndex& index) { return {keys::Reference(index)}; }
std::vector<std::string> BlobKeys(const AttachmentBlob& blob) { return {keys::Blob(blob)}; }
std::vector<std::string> BlobKeys(const AttachmentBlob& blob, const AttachmentIndex& index) {
  return {keys::Blob(blob), keys::BackReference(blob, index)};
}

bool IsLive(const ReferenceRecord& reference, int64_t now_ms) {
  return !reference.deleting() && now_ms < EndMs(reference);
}

absl::Status PutReference(Rows& rows, const NewReference& wanted, int64_t now_ms) {
  const auto found = rows.Get<ReferenceRecord>(keys::Reference(wanted.index));
  if (!found.ok()) return found.status();
  ReferenceRecord reference;
  if (found->has_value()) {
    reference = **found;
    const bool same = !reference.deleting() && reference.blob_name() == wanted.blob.view() &&
                      crypto::ConstantTimeEquals(reference.tag(), wanted.tag.view());
    if (!same) return errors::AttachmentNotFound();
  } else {
    reference.set_blob_name(wanted.blob.str());
    reference.set_tag(wanted.tag.str());
    reference.set_sealed_name(wanted.sealed_name);
  }
  reference.set_lease_day(std::max(reference.lease_day(), FreshLeaseDay(now_ms)));
  reference.set_expire_day(wanted.message_expire_ms == 0 ? 0 : FirstDayAfter(wanted.message_expire_ms));
  PutReferenceRow(rows, wanted.index, reference, EndMs(reference));
  return absl::OkStatus();
}

bool WantsRenewal(const ReferenceRecord& reference, int64_t now_ms) {
  return FreshLeaseDay(now_ms) >= reference.lease_day() + limits::kAttachmentRenewalDays;
}

absl::Status RenewLease(Rows& rows, const AttachmentIndex& index, int64_t now_ms) {
  auto found = rows.Get<ReferenceRecord>(keys::Reference(index));
  if (!found.ok()) return found.status();
  if (!found->has_value() || !IsLive(**found, now_ms) || !WantsRenewal(**found, now_ms)) return absl::OkStatus();
  (*found)->set_lease_day(FreshLeaseDay(now_ms));
  PutReferenceRow(rows, index, **found, EndMs(**found));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<AttachmentBlob>> BeginDelete(Rows& rows, const AttachmentIndex& index,
                                                          const std::optional<crypto::MacTag>& tag, int64_t now_ms) {
  auto found = rows.Get<ReferenceRecord>(keys::Reference(index));
  if (!found.ok()) return found.status();
  if (!found->has_value()) return std::optional<AttachmentBlob>();
  ReferenceRecord& reference = **found;
  const bool meant = tag.has_value() ? crypto::ConstantTimeEquals(reference.tag(), tag->view())
                                     : reference.deleting() || EndMs(reference) <= now_ms;
  if (!meant) return std::optional<AttachmentBlob>();
  const auto blob = AttachmentBlob::From(reference.blob_name());
  if (!blob.has_value()) return errors::DataDamaged("ReferenceRecord.blob_name");
  if (!reference.deleting()) {
    reference.set_deleting(true);
    reference.clear_sealed_name();
    PutReferenceRow(rows, index, reference, now_ms + limits::kAttachmentGraceMs);
  }
  return blob;
}

absl::Status FinishDelete(Rows& rows, const AttachmentIndex& index, int64_t now_ms) {
  const auto found = rows.Get<ReferenceRecord>(keys::Reference(index));
  if (!found.ok()) return found.status();
  if (!found->has_value() || !(*found)->deleting() || (*found)->due_ms() > now_ms) return absl::OkStatus();
  rows.Delete(keys::ReferenceDue((*found)->due_ms(), index));
  rows.Delete(keys::Reference(index));
  return absl::OkStatus();
}

absl::Status CreateBlob(Rows& rows, const AttachmentBlob& name, uint64_t size_bytes, int64_t deadline_ms) {
  const auto found = rows.Get<BlobRecord>(keys::Blob(name));
  if (!found.ok()) return found.status();
  if (found->has_value()) return absl::OkStatus();  // decided before: names are never drawn twice
  BlobRecord blob;
  blob.set_size_bytes(size_bytes);
  blob.set_deadline_ms(FirstDayAfter(deadline_ms) * kDayMs);
  PutBlobRow(rows, name, blob, blob.deadline_ms() + limits::kAttachmentGraceMs);
  return absl::OkStatus();
}

absl::Status AddBackReference(Rows& rows, const AttachmentBlob& name, const AttachmentIndex& index, int64_t now_ms) {
  auto found = rows.Get<BlobRecord>(keys::Blob(name));
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->freeing()) return errors::AttachmentNotFound();
  auto back = rows.Get<BackReferenceRecord>(keys::BackReference(name, index));
  if (!back.ok()) return back.status();
  BackReferenceRecord record;
  if (back->has_value()) {
    record = **back;
  } else {
    (*found)->set_reference_count((*found)->reference_count() + 1);
    PutBlobRow(rows, name, **found, 0);
  }
  const int64_t due_ms = now_ms + limits::kAttachmentDanglingMs;
  if (record.due_ms() == due_ms) return absl::OkStatus();
  if (record.due_ms() != 0) rows.Delete(keys::BackReferenceDue(record.due_ms(), name, index));
  record.set_version(storage::kAttachmentSchemaVersion);
  record.set_due_ms(due_ms);
  rows.Put(keys::BackReference(name, index), record);
  rows.PutMark(keys::BackReferenceDue(due_ms, name, index));
  rows.WakeBy(due_ms);
  return absl::OkStatus();
}

absl::Status ConfirmBackReference(Rows& rows, const AttachmentBlob& name, const AttachmentIndex& index,
                                  int64_t seen_due_ms) {
  auto back = rows.Get<BackReferenceRecord>(keys::BackReference(name, index));
  if (!back.ok()) return back.status();
  if (!back->has_value() || (*back)->due_ms() != seen_due_ms) return absl::OkStatus();
  rows.Delete(keys::BackReferenceDue(seen_due_ms, name, index));
  (*back)->set_due_ms(0);
  rows.Put(keys::BackReference(name, index), **back);
  return absl::OkStatus();
}

absl::StatusOr<bool> DropBackReference(Rows& rows, const AttachmentBlob& name, const AttachmentIndex& index,
                                       std::optional<int64_t> seen_due_ms, int64_t now_ms) {
  auto found = rows.Get<BlobRecord>(keys::Blob(name));
  if (!found.ok()) return found.status();
  if (!found->has_value()) return false;
  BlobRecord& blob = **found;
  const auto back = rows.Get<BackReferenceRecord>(keys::BackReference(name, index));
  if (!back.ok()) return back.status();
  if (!back->has_value()) return blob.freeing();  // dropped before, perhaps by this very update
  if (seen_due_ms.has_value() && (*back)->due_ms() != *seen_due_ms) return false;
  if ((*back)->due_ms() != 0) rows.Delete(keys::BackReferenceDue((*back)->due_ms(), name, index));
  rows.Delete(keys::BackReference(name, index));
  if (blob.reference_count() == 0) return errors::DataDamaged("BlobRecord.reference_count");
  blob.set_reference_count(blob.reference_count() - 1);
  // What never was a reference doesn't cost the blob its chance to get one.
  const int64_t abandoned_ms = blob.deadline_ms() + limits::kAttachmentGraceMs;
  const bool empty = blob.reference_count() == 0;
  blob.set_freeing(empty && (!seen_due_ms.has_value() || abandoned_ms <= now_ms));
  PutBlobRow(rows, name, blob, blob.freeing() ? now_ms + limits::kAttachmentGraceMs : empty ? abandoned_ms : 0);
  return blob.freeing();
}

absl::StatusOr<BlobStep> SweepBlob(Rows& rows, const AttachmentBlob& name, int64_t now_ms) {
  auto found = rows.Get<BlobRecord>(keys::Blob(name));
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->due_ms() == 0) return BlobStep::kNothing;
  BlobRecord& blob = **found;
  if (blob.due_ms() > now_ms) return blob.freeing() ? BlobStep::kDeleteBytes : BlobStep::kNothing;
  if (blob.freeing()) return BlobStep::kDropRow;
  blob.set_freeing(true);
  PutBlobRow(rows, name, blob, now_ms + limits::kAttachmentGraceMs);
  return BlobStep::kDeleteBytes;
}

absl::Status DropBlob(Rows& rows, const AttachmentBlob& name, int64_t now_ms) {
  const auto found = rows.Get<BlobRecord>(keys::Blob(name));
  if (!found.ok()) return found.status();
  if (!found->has_value() || !(*found)->freeing() || (*found)->due_ms() > now_ms) return absl::OkStatus();
  rows.Delete(keys::BlobDue((*found)->due_ms(), name));
  rows.Delete(keys::Blob(name));
  return absl::OkStatus();
}

}  // namespace labyrinth::attachments
