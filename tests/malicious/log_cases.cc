// Lies about the membership log (protocol section 8), and the disk that it lies on.
#include <set>

#include "crypto/statements/log_entry.h"
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

// Hides the log's last entry, as if it had never been.
void HideLastEntry(v1::ListLogResponse& reply) {
  if (reply.log_entries().empty()) return;
  const auto last = crypto::DecodeLogEntry(reply.log_entries().rbegin()->entry());
  reply.mutable_log_entries()->RemoveLast();
  reply.set_head_index(last->index - 1);
  reply.set_head(last->previous_head.str());
}

Verdict ShortenedLog(Scene& scene) {
  scene.Rotate(scene.laptop());
  scene.laptop().Restart();
  scene.Tell<v1::ListLogResponse>(HideLastEntry);
  return Said(scene.laptop()->devices().List());
}

Verdict WithheldEntry(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Tell<v1::ListLogResponse>([](auto& reply) {
    if (!reply.log_entries().empty()) reply.mutable_log_entries()->RemoveLast();
  });
  return Said((*phone)->devices().List());
}

Verdict ForkedLog(Scene& scene) {
  const auto phone = scene.Phone();
  scene.KeepDisk();
  scene.Rotate(scene.laptop());
  scene.GoToFork();
  scene.Rotate(*phone);
  return Said(scene.laptop()->devices().List());
}

Verdict ChangedSignature(Scene& scene) {
  scene.laptop().Restart();
  scene.Tell<v1::ListLogResponse>([](auto& reply) { reply.mutable_log_entries(0)->mutable_signature()->front() ^= 1; });
  return Said(scene.laptop()->devices().List());
}

// The rule that no member can break either: an entry in another place.
Verdict RepeatedEntry(Scene& scene) {
  const auto phone = scene.Phone();
  scene.laptop().Restart();
  scene.Tell<v1::ListLogResponse>([](auto& reply) {
    if (reply.log_entries_size() > 1) *reply.mutable_log_entries(1) = v1::LogEntry(reply.log_entries(0));
  });
  return Said(scene.laptop()->devices().List());
}

Verdict OtherMailboxsLog(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->devices().List();
  const v1::ListLogResponse other = scene.Heard<v1::ListLogResponse>().back();
  scene.laptop().Restart();
  scene.Tell<v1::ListLogResponse>([other](auto& reply) { reply = other; });
  return Said(scene.laptop()->devices().List());
}

// The phone is removed, and then the server's disk is set back to when it wasn't.
std::unique_ptr<Device> RemovedAndBack(Scene& scene) {
  auto phone = scene.Phone();
  const DeviceId id = scene.IdOf(*phone);
  (void)scene.laptop()->devices().List();
  scene.KeepDisk();
  scene.Revoke(id);
  scene.PutBackDisk();
  return phone;
}

Verdict RestoredDiskListed(Scene& scene) {
  const auto phone = RemovedAndBack(scene);
  return Said(scene.laptop()->devices().List());
}

// The library itself asks before it encrypts anything to an epoch that the removed device holds.
Verdict RestoredDiskSaved(Scene& scene) {
  const auto phone = RemovedAndBack(scene);
  return Said(
      scene.laptop()->history().Save({{.thread_id = "t", .message_id = "m", .timestamp_ms = 1, .content = "x"}}));
}

Verdict RestoredDiskRead(Scene& scene) {
  const auto phone = RemovedAndBack(scene);
  scene.laptop().Restart();
  return scene.Read(scene.laptop());
}

Verdict ForksThatNeverMeet(Scene& scene) {
  const auto phone = scene.Phone();
  (void)scene.laptop()->devices().List();
  scene.KeepDisk();
  scene.Rotate(scene.laptop());
  scene.GoToFork();
  scene.Rotate(*phone);
  scene.Save(*phone, "t", "m1", "only the fork has it");
  scene.ComeBack();
  return Said(scene.laptop()->Verify());
}

Verdict HiddenAddition(Scene& scene) {
  const auto phone = scene.Phone();
  std::set<uint64_t> known;
  const auto before = (*phone)->devices().List();
  if (!before.ok()) return Said(before);
  for (const client::DeviceView& device : *before) known.insert(device.device_id.value());
  scene.MakeCode();
  scene.Tell<v1::ListLogResponse>(HideLastEntry);
  scene.Tell<v1::ListDevicesResponse>([known](auto& reply) {
    auto& rows = *reply.mutable_devices();
    for (int i = rows.size() - 1; i >= 0; --i) {
      if (!known.contains(rows[i].device_id())) rows.DeleteSubrange(i, 1);
    }
  });
  return Said((*phone)->devices().List());
}

Verdict OldPrefixToNewDevice(Scene& scene) {
  const auto phone = scene.Phone();
  const DeviceId id = scene.IdOf(*phone);
  const crypto::Secret code = scene.MakeCode();
  scene.KeepDisk();
  scene.Revoke(id);
  scene.PutBackDisk();
  const auto tablet = scene.Blank();
  return Said((*tablet)->recovery().Join(code));
}

}  // namespace

std::vector<Case> LogCases() {
  const Verdict shorter = DataLoss("membership log: shorter than this device has seen it");
  return {
      {"shortened log", "withdraws the log's last entry from a device that saw it", shorter, "", ShortenedLog},
      {"withheld entry", "names the log's head and leaves out the entry before it",
       DataLoss("membership log: withheld: entries before its head are missing"), "", WithheldEntry},
      {"forked log", "shows one device the log that another wrote on a copy of the disk",
       DataLoss("membership log: forked"), "", ForkedLog},
      {"entry's signature", "changes a signature in the log", DataLoss("membership log: entry 0: log_entry.signature"),
       "", ChangedSignature},
      {"repeated entry", "puts an old entry in the place of another", DataLoss("membership log: forked"), "",
       RepeatedEntry},
      {"another account's log", "answers with the log of another mailbox",
       DataLoss("membership log: entry 0: log_entry.account_id: is another account's"), "", OtherMailboxsLog},
      {"restored disk: devices", "sets its disk back to before a device was removed", shorter, "", RestoredDiskListed},
      {"restored disk: save", "sets its disk back, and takes a save", shorter, "", RestoredDiskSaved},
      {"restored disk: read", "sets its disk back, and is read by a new process", shorter, "", RestoredDiskRead},
      {"forks that never meet", "keeps two devices on two copies of its disk for ever", NotDetected(),
       "each log is whole, and no device hears of the other's head", ForksThatNeverMeet},
      {"hidden addition", "hides a recovery code made in mid-epoch from a device that never saw it", NotDetected(),
       "the log up to there is a whole one; the next epoch's commitment stands behind the addition", HiddenAddition},
      {"old prefix to a new device", "sets its disk back, and a device joins by a code", NotDetected(),
       "a new device has no mark; it opens an epoch of its own at once, for the members that it shows to the person",
       OldPrefixToNewDevice},
  };
}

}  // namespace labyrinth::malicious
