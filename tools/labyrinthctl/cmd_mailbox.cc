// mailbox stats|quota|pseudonym
#include <fmt/format.h>

#include "common/bytes.h"
#include "common/text.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/text_forms.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;
namespace v1 = labyrinth::v1;

struct QuotaFlags {
  MailboxFlags mailbox;
  std::string bytes;
  std::string messages;
  bool dry_run = false;
};

absl::StatusOr<v1::GetMailboxStatsResponse> ReadStats(Context& context, const MailboxFlags& flags) {
  auto ref = ToRef(flags);
  if (!ref.ok()) return ref.status();
  v1::GetMailboxStatsRequest request;
  *request.mutable_mailbox() = *std::move(ref);
  request.set_reveal(context.flags().reveal);
  return context.Call(&Context::Stub::GetMailboxStats, request);
}

absl::Status Stats(Context& context, const MailboxFlags& flags) {
  const auto stats = ReadStats(context, flags);
  if (!stats.ok()) return stats.status();
  const v1::GetMailboxStatsResponse& s = *stats;
  const bool rotate = s.state() == v1::MAILBOX_STATE_ROTATION_REQUIRED;
  cli::Output& out = context.out();
  out.Line(fmt::format("{}  {}", s.pseudonym(), rotate ? "ROTATION REQUIRED: saves wait for a member" : "active"));
  if (!s.mailbox_id().empty()) {
    out.Line(fmt::format("id {}  partition {}", ToHex(s.mailbox_id()), ToHex(s.partition())));
  }
  out.Line(fmt::format("{} messages of {}, {} of {}{}", Grouped(s.message_count()), Grouped(s.quota_messages()),
                       BytesText(s.used_bytes()), BytesText(s.quota_bytes()),
                       s.quota_is_default() ? " (default quota)" : ""));
  out.Line(fmt::format("epoch {}, {} log entries, revision {}", s.epoch_sequence_id(), s.log_count(), s.revision()));
  out.Line(fmt::format("made {}, wakes {}", TimeText(s.create_ms()), TimeText(s.wake_at_ms())));
  int active = 0;
  for (const v1::AdminDevice& device : s.devices()) active += device.state() == v1::DEVICE_STATE_ACTIVE ? 1 : 0;
  out.Line(fmt::format("{} active devices", active));
  Json json = {{"pseudonym", s.pseudonym()}};
  if (!s.mailbox_id().empty()) {
    json["mailbox_id"] = ToHex(s.mailbox_id());
    json["partition"] = ToHex(s.partition());
  }
  json.update({{"rotation_required", rotate},
               {"create_ms", s.create_ms()},
               {"used_bytes", s.used_bytes()},
               {"message_count", s.message_count()},
               {"quota_bytes", s.quota_bytes()},
               {"quota_messages", s.quota_messages()},
               {"quota_is_default", s.quota_is_default()},
               {"epoch_sequence_id", s.epoch_sequence_id()},
               {"log_count", s.log_count()},
               {"revision", s.revision()},
               {"wake_at_ms", s.wake_at_ms()},
               {"active_devices", active}});
  out.Document(json);
  return absl::OkStatus();
}

absl::Status ShowPseudonym(Context& context, const MailboxFlags& flags) {
  const auto stats = ReadStats(context, flags);
  if (!stats.ok()) return stats.status();
  context.out().Line(stats->pseudonym());
  context.out().Document({{"pseudonym", stats->pseudonym()}});
  return absl::OkStatus();
}

absl::Status SetQuota(Context& context, const QuotaFlags& flags) {
  auto ref = ToRef(flags.mailbox);
  if (!ref.ok()) return ref.status();
  v1::SetQuotaRequest request;
  *request.mutable_mailbox() = *std::move(ref);
  request.set_validate_only(flags.dry_run);
  const auto number = [](const std::string& text, std::string_view rule) -> absl::StatusOr<uint64_t> {
    if (text == "default") return 0;
    const auto value = ParseBytes(text);
    if (value.has_value() && *value > 0) return *value;
    return cli::Usage(rule);
  };
  if (!flags.bytes.empty()) {
    const auto bytes = number(flags.bytes, "--bytes: a size from 1 on, such as 5GiB, or 'default'");
    if (!bytes.ok()) return bytes.status();
    request.set_quota_bytes(*bytes);
  }
  if (!flags.messages.empty()) {
    constexpr char kRule[] = "--messages: a number from 1 on, or 'default'";
    if (flags.messages.ends_with("B")) return cli::Usage(kRule);
    const auto messages = number(flags.messages, kRule);
    if (!messages.ok()) return messages.status();
    request.set_quota_messages(*messages);
  }
  if (flags.bytes.empty() && flags.messages.empty()) return cli::Usage("give --bytes, --messages or both");
  const auto quota = context.Call(&Context::Stub::SetQuota, request);
  if (!quota.ok()) return quota.status();
  context.out().Line(fmt::format("{}  {} messages of {}, {} of {}{}", quota->pseudonym(),
                                 Grouped(quota->message_count()), Grouped(quota->quota_messages()),
                                 BytesText(quota->used_bytes()), BytesText(quota->quota_bytes()),
                                 flags.dry_run ? " (nothing was changed)" : ""));
  context.out().Document({{"pseudonym", quota->pseudonym()},
                          {"quota_bytes", quota->quota_bytes()},
                          {"quota_messages", quota->quota_messages()},
                          {"used_bytes", quota->used_bytes()},
                          {"message_count", quota->message_count()},
                          {"dry_run", flags.dry_run}});
  return absl::OkStatus();
}

}  // namespace

void AddMailbox(cli::Command root, Chosen& chosen) {
  cli::Command mailbox = root.AddGroup("mailbox", "One mailbox: its counters, its quota, its name in the log");
  const auto stats = std::make_shared<MailboxFlags>();
  AddMailboxFlags(AddCommand(mailbox, chosen, "stats", "Counters, state and quota", false, &Stats, stats), *stats);
  const auto named = std::make_shared<MailboxFlags>();
  AddMailboxFlags(AddCommand(mailbox, chosen, "pseudonym", "What today's log calls it", false, &ShowPseudonym, named),
                  *named);
  const auto quota = std::make_shared<QuotaFlags>();
  cli::Command set = AddCommand(mailbox, chosen, "quota", "Set what it may hold", true, &SetQuota, quota);
  AddMailboxFlags(set, quota->mailbox);
  set.AddOption("--bytes", &quota->bytes, "Of ciphertext: 5GiB, or 'default'", {.value_name = "N"});
  set.AddOption("--messages", &quota->messages, "Messages, or 'default'", {.value_name = "N"});
  set.AddFlag("--dry-run", &quota->dry_run, "Say what it would be, change nothing");
}

}  // namespace labyrinth::ctl
