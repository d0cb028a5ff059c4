#include "service/mailbox/sponsor_reader.h"

#include <utility>

#include "common/errors.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/records.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

absl::StatusOr<crypto::OrfServerState> Derive(std::optional<std::string> row, const crypto::Secret& token) {
  if (!row.has_value()) return errors::DataDamaged("OrfServerRecord");
  auto record = ParseRecord<storage_v1::OrfServerRecord>(*row);
  crypto::WipeBytes(row->data(), row->size());
  if (!record.ok()) return record.status();
  auto state = crypto::OrfServerState::Parse(crypto::Secret::TakeAndWipe(std::move(*record->mutable_scalar())));
  if (!state.ok()) return errors::DataDamaged("OrfServerRecord");
  auto derived = state->Evolve(token.RevealSecret());
  if (!derived.ok()) return errors::InvalidField("evolve_token", "not a canonical non-zero scalar");
  return derived;
}

}  // namespace

void SponsorReader::CheckMailbox(const std::string& partition, absl::Time deadline, Checked done) const {
  storage::ReadRequest read;
  read.partition = partition;
  read.keys = {keys::Head()};
  read.deadline = deadline;
  engine_.Read(std::move(read), [done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
    if (!result.ok()) return std::move(done)(result.status());
    std::move(done)(result->values[0].has_value() ? absl::OkStatus() : errors::MailboxNotFound());
  });
}

void SponsorReader::CheckMember(const Caller& member, absl::Time deadline, Checked done) const {
  MemberReadRequest read;
  read.caller = member;
  read.deadline = deadline;
  MemberRead(engine_, std::move(read),
             [done = std::move(done)](absl::StatusOr<MemberView> view) mutable { std::move(done)(view.status()); });
}

void SponsorReader::DeriveTemporary(const Caller& member, crypto::Secret token, absl::Time deadline,
                                    Derived done) const {
  MemberReadRequest read;
  read.caller = member;
  read.keys = {keys::OrfServer(member.device_id)};
  read.deadline = deadline;
  MemberRead(engine_, std::move(read),
             [token = std::move(token), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::move(done)(Derive(std::move(view->values[0]), token));
             });
}

}  // namespace labyrinth::mailbox
