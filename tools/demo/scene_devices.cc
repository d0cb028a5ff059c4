// A second device joins with a recovery code, and is then removed.
#include <fmt/format.h>

#include "crypto/labyrinth/message.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/primitives/system_random.h"
#include "tools/demo/raw_device.h"
#include "tools/demo/story.h"

namespace labyrinth::demo {

namespace {

constexpr char kServerName[] = "labyrinth.dev";

absl::StatusOr<std::unique_ptr<RawDevice>> Steal(const Story& story, const std::string& device,
                                                 const std::string& copy) {
  return RawDevice::FromProfile(story.ProfileOf(device), story.folder + "/" + copy, story.server->endpoint(),
                                kServerName, kAccount);
}

v1::SaveMessagesRequest SaveUnder(EpochId epoch_id) {
  v1::SaveMessagesRequest request;
  request.set_epoch_id(epoch_id.value());
  request.set_cipher_version(3);
  request.set_on_conflict(v1::ON_CONFLICT_REJECT);
  v1::Message& message = *request.add_messages();
  message.set_thread_id("demo");
  message.set_message_id("written after the removal");
  message.set_timestamp_ms(1);
  message.set_ciphertext(std::string(100, 'x'));
  return request;
}

// Whether any key that `device` ever held opens `row`, also under the new epoch's number.
bool Opens(const RawDevice& device, const v1::Message& row, uint64_t newest_sequence) {
  for (const crypto::Epoch& known : device.keys().enrolment->epochs.epochs()) {
    crypto::Epoch guess = known.Clone();
    for (uint64_t sequence : {known.sequence_id, newest_sequence}) {
      guess.sequence_id = sequence;
      if (crypto::DecryptMessage(guess, row.cipher_version(), row.thread_id(), row.ciphertext()).ok()) return true;
    }
  }
  return false;
}

absl::StatusOr<v1::Message> FetchRow(client::Api& api, const std::string& message_id) {
  v1::BatchGetMessagesRequest request;
  request.add_message_ids(message_id);
  auto reply = api.BatchGetMessages(request);
  if (!reply.ok()) return reply.status();
  if (reply->messages_size() != 1) return absl::NotFoundError("the message just sent");
  return reply->messages(0);
}

}  // namespace

absl::Status SceneSecondDevice(Story& story) {
  story.stage.BeginScene("second device", "a phone joins with a recovery code");
  auto created = story.laptop->recovery().CreateCode();
  if (!created.ok()) return created.status();
  story.code = std::move(created->code);
  story.stage.Say(fmt::format("the code, as on paper: {}", story.code->RevealSecret()));

  auto phone = story.OpenDevice("phone");
  if (!phone.ok()) return phone.status();
  story.phone = *std::move(phone);
  crypto::SystemRandom random;
  const crypto::Secret wrong = crypto::RecoveryCode::Generate(random).Formatted();
  auto status = story.stage.ClaimRefused(story.phone->recovery().Join(wrong).status(), Reason::kVirtualDeviceNotFound,
                                         "another code");
  if (!status.ok()) return status;
  auto joined = story.phone->recovery().Join(*story.code);
  if (!joined.ok()) return joined.status();
  auto all = ReadEverything(*story.phone);
  if (!all.ok()) return all.status();
  status = story.stage.Claim(
      all->messages == story.messages && all->hash == story.history,
      fmt::format("the phone reads all {} messages; the hash over them equals the laptop's", Grouped(all->messages)));
  if (!status.ok()) return status;
  auto laptop_info = story.laptop->mailbox().Info();
  if (!laptop_info.ok()) return laptop_info.status();
  status = story.stage.Claim(laptop_info->active_devices == 3 && laptop_info->epoch_sequence == 1,
                             "the laptop sees it in the signed log, and follows into the epoch that joining opened");
  if (!status.ok()) return status;
  story.stage.EndScene();
  return absl::OkStatus();
}

absl::Status SceneRevoke(Story& story) {
  story.stage.BeginScene("revoke", "the phone is stolen; the laptop removes it and opens a new epoch");
  // The thief has the whole disk, and live sessions from before the removal.
  auto reader = Steal(story, "phone", "stolen-1");
  if (!reader.ok()) return reader.status();
  auto writer = Steal(story, "phone", "stolen-2");
  if (!writer.ok()) return writer.status();
  for (RawDevice* thief : {reader->get(), writer->get()}) {
    if (auto before = thief->api().GetMailbox({}); !before.ok()) return before.status();
  }
  const DeviceId phone_id = (*reader)->keys().enrolment->device_id;
  const EpochId old_epoch = (*reader)->keys().enrolment->epochs.newest().id;

  auto revoked = story.laptop->devices().Revoke(phone_id);
  if (!revoked.ok()) return revoked.status();
  v1::ListMessagesRequest list;
  list.set_page_size(1);
  auto status = story.stage.ClaimRefused((*reader)->api().ListMessages(list).status(), Reason::kDeviceRevoked,
                                         "reading in the phone's open session");
  if (!status.ok()) return status;
  status = story.stage.ClaimRefused((*writer)->api().SaveMessages(SaveUnder(old_epoch)).status(),
                                    Reason::kDeviceRevoked, "saving in another of its open sessions");
  if (!status.ok()) return status;
  auto newcomer = Steal(story, "phone", "stolen-3");
  if (!newcomer.ok()) return newcomer.status();
  status = story.stage.ClaimRefused((*newcomer)->api().GetMailbox({}).status(), Reason::kDeviceRevoked,
                                    "signing in anew with its keys");
  if (!status.ok()) return status;

  const std::string id = "sent after the removal";
  auto saved =
      story.laptop->history().Save({{.thread_id = "demo", .message_id = id, .timestamp_ms = 2, .content = "x"}});
  if (!saved.ok()) return saved.status();
  auto laptop = Steal(story, "laptop", "raw-laptop-2");
  if (!laptop.ok()) return laptop.status();
  auto row = FetchRow((*laptop)->api(), id);
  if (!row.ok()) return row.status();
  const uint64_t newest = (*laptop)->keys().enrolment->epochs.newest().sequence_id;
  status = story.stage.Claim(!Opens(**reader, *row, newest),
                             "none of the keys that the phone ever held opens a message sent since");
  if (!status.ok()) return status;
  status = story.stage.Claim(Opens(**laptop, *row, newest), "control: the laptop's newest key does");
  if (!status.ok()) return status;
  status = story.stage.ClaimRefused((*laptop)->api().SaveMessages(SaveUnder(old_epoch)).status(), Reason::kEpochStale,
                                    "a save under the old epoch, by a member");
  if (!status.ok()) return status;
  ++story.messages;
  story.phone.reset();
  auto all = ReadEverything(*story.laptop);
  if (!all.ok()) return all.status();
  story.history = all->hash;
  story.stage.EndScene();
  return absl::OkStatus();
}

}  // namespace labyrinth::demo
