#include <optional>
#include <string>
#include <utility>

#include "crypto/labyrinth/cpace.h"
#include "crypto/labyrinth/one_time_code.h"
#include "crypto/labyrinth/one_time_keys.h"
#include "crypto/labyrinth/one_time_messages.h"
#include "crypto/labyrinth/one_time_run.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::OneTimeBundle;
using crypto::OneTimeCode;
using crypto::OneTimeNewDevice;
using crypto::OneTimeOldDevice;
using crypto::Secret;

// What a vector's two devices begin with.
struct Start {
  OneTimeCode code;
  crypto::OneTimeRunInputs inputs;
  crypto::DevicePublicKeys new_device;
  crypto::OldDeviceData old_device;
};

std::optional<Start> ReadStart(Fields& f) {
  auto code = OneTimeCode::Parse(Secret::CopyOf(f.Text("digits")));
  if (!f.Ok(code, "digits")) return std::nullopt;
  const crypto::OneTimeRunInputs inputs{f.Text("server_name"),
                                        f.Text("account_id"),
                                        f.FixedOf<crypto::EnrollmentId>("enrollment_id"),
                                        static_cast<uint32_t>(f.Integer("attempt")),
                                        f.FixedOf<crypto::OneTimeNonce>("new_device_nonce"),
                                        f.FixedOf<crypto::OneTimeNonce>("old_device_nonce")};
  Fields n = f.Object("new_device");
  const crypto::DevicePublicKeys keys{n.FixedOf<crypto::PublicKey>("device_key"),
                                      n.FixedOf<crypto::PublicKey>("epoch_storage_key"),
                                      n.FixedOf<crypto::PublicKey>("epoch_storage_auth_key"),
                                      n.FixedOf<crypto::Signature>("sig_30"), n.FixedOf<crypto::Signature>("sig_31")};
  Fields o = f.Object("old_device");
  return Start{*std::move(code), inputs, keys,
               crypto::OldDeviceData{o.FixedOf<crypto::PublicKey>("device_key"), o.FixedOf<MailboxId>("labyrinth_id"),
                                     EpochId(o.Decimal("epoch_id")), o.Integer("log_index"),
                                     o.FixedOf<crypto::LogHead>("log_head")}};
}

// A scalar is drawn as 64 bytes and reduced: the given one, and zeros.
std::string Drawn(Fields& f, std::string_view scalar) {
  std::string out = f.Hex(scalar);
  out.resize(64);
  return out;
}

std::optional<OneTimeNewDevice> MakeNew(Fields& f, const Start& s) {
  CaseRandom random(Drawn(f, "new_device_scalar"), f.outcome());
  auto device = OneTimeNewDevice::Create(s.code, s.inputs, s.new_device, random);
  if (!f.Ok(device, "new_device")) return std::nullopt;
  return *std::move(device);
}

std::optional<OneTimeOldDevice> MakeOld(Fields& f, const Start& s) {
  CaseRandom random(Drawn(f, "old_device_scalar"), f.outcome());
  auto device = OneTimeOldDevice::Create(s.code, s.inputs, s.new_device, s.old_device, random);
  if (!f.Ok(device, "old_device")) return std::nullopt;
  return *std::move(device);
}

// The schedule, from the payloads as they are given.
void ExpectKeys(Fields& f, const Start& s) {
  const std::string ada = f.Hex("ada"), adb = f.Hex("adb"), start = f.Hex("start");
  f.Expect("ada", crypto::EncodeNewDeviceData(s.new_device));
  f.Expect("adb", crypto::EncodeOldDeviceData(s.old_device));
  const auto sid = crypto::OneTimeSessionId(s.inputs);
  f.Expect("sid", sid.view());
  f.Expect("ci", crypto::OneTimeChannelId(s.inputs));
  const auto answer = crypto::DecodeOneTimeAnswer(f.Hex("answer"));
  if (!f.Ok(answer, "answer")) return;
  f.Expect("adb", answer->associated_data);
  f.Check(answer->old_device == s.old_device, "answer: another old device");
  const auto transcript = crypto::OneTimeTranscript(s.inputs, start, ada, answer->share, adb);
  f.Expect("transcript", transcript.view());

  CaseRandom random(Drawn(f, "new_device_scalar"), f.outcome());
  auto run =
      crypto::CpaceRun::Start(crypto::CpaceRun::Role::kInitiator, s.code.digits(), f.Hex("ci"), f.Hex("sid"), random);
  f.Expect("isk", run.Finish(ada, answer->share, adb));
  const auto keys = crypto::DeriveOneTimeKeys(f.SecretOf("isk"), sid);
  f.Expect("c_n", keys.new_device_mac_key);
  f.Expect("c_o", keys.old_device_mac_key);
  f.Expect("otc_secret", keys.bundle_key);
  f.Expect("mac_n", crypto::NewDeviceMac(keys, transcript).view());
  f.Expect("mac_o", crypto::OldDeviceMac(keys, transcript).view());
  f.Expect("grant", f.Hex("mac_o") + f.Hex("encrypted_bundle"));
}

std::optional<OneTimeBundle> ReadBundle(Fields b) {
  auto orf = crypto::OrfClientState::Parse(b.SecretOf("temporary_client_state"));
  Secret salt = b.SecretOf("mailbox_root_salt"), root_key = b.SecretOf("epoch_root_key");
  const EpochId epoch_id(b.Decimal("epoch_id"));
  const uint64_t sequence_id = b.Integer("epoch_sequence_id");
  const std::string entry = b.Hex("entry");
  const auto signature = b.FixedOf<crypto::Signature>("signature");
  if (!b.Ok(orf, "temporary_client_state")) return std::nullopt;
  return OneTimeBundle{*std::move(orf), std::move(salt), crypto::Epoch{epoch_id, sequence_id, std::move(root_key)},
                       crypto::SignedLogEntry{entry, signature}};
}

void RunWhole(Fields& f) {
  const auto s = ReadStart(f);
  if (!s.has_value()) return;
  ExpectKeys(f, *s);
  const auto bundle = ReadBundle(f.Object("bundle"));
  if (!bundle.has_value()) return;
  f.Expect("bundle_plaintext", crypto::EncodeOneTimeBundle(*bundle));

  auto joining = MakeNew(f, *s);
  auto member = MakeOld(f, *s);
  if (!joining.has_value() || !member.has_value()) return;
  f.Expect("start", joining->StartPayload());
  f.Expect("answer", member->Answer(f.Hex("start")));
  f.Expect("confirm", joining->Confirm(f.Hex("answer")));
  if (!f.Ok(member->CheckConfirm(f.Hex("confirm")), "confirm")) return;
  {
    CaseRandom random(f.Hex("nonce28"), f.outcome());
    f.Expect("grant", member->Grant(*bundle, random));
  }
  const auto opened = joining->OpenGrant(f.Hex("grant"));
  if (f.Ok(opened, "grant")) f.Expect("bundle_plaintext", crypto::EncodeOneTimeBundle(*opened));
}

void RunDrawn(Fields& f) {
  CaseRandom random(f.Hex("random"), f.outcome());
  const OneTimeCode code = OneTimeCode::Generate(random);
  f.ExpectText("digits", code.digits().RevealSecret());
  f.ExpectText("formatted", code.Formatted().RevealSecret());
}

void RunTyped(Fields& f) {
  const auto code = OneTimeCode::Parse(Secret::CopyOf(f.Text("typed")));
  if (f.Ok(code, "typed")) f.ExpectText("digits", code->digits().RevealSecret());
}

// Each refusal meets a fresh device of vector 0, brought to its step.
template <typename Device>
auto Refusing(Section& section, std::optional<Device> (*make)(Fields&, const Start&),
              absl::Status (*run)(Fields& f, Fields& vector, Device& device)) {
  return [&section, make, run](Fields& f) {
    Fields vector = section.First("vectors", f.outcome());
    const auto start = ReadStart(vector);
    if (!start.has_value()) return;
    auto device = make(vector, *start);
    if (device.has_value()) f.ExpectRefusedAs(run(f, vector, *device));
  };
}

}  // namespace

void RunOneTimeCodes(Section& section) {
  section.ForEach("codes", RunDrawn);
  section.ForEach("typed", RunTyped);
  section.ForEach("must_reject_typed",
                  [](Fields& f) { f.ExpectRefusedAs(OneTimeCode::Parse(Secret::CopyOf(f.Text("typed"))).status()); });
  section.ForEach("vectors", RunWhole);
  section.ForEach("must_fail_start", Refusing<OneTimeOldDevice>(section, MakeOld, [](Fields& f, Fields&, auto& member) {
                    return member.Answer(f.Hex("start")).status();
                  }));
  section.ForEach("must_fail_answer",
                  Refusing<OneTimeNewDevice>(section, MakeNew, [](Fields& f, Fields&, auto& joining) {
                    return joining.Confirm(f.Hex("answer")).status();
                  }));
  section.ForEach("must_fail_confirm",
                  Refusing<OneTimeOldDevice>(section, MakeOld, [](Fields& f, Fields& v, auto& member) {
                    (void)f.Ok(member.Answer(v.Hex("start")), "start");
                    return member.CheckConfirm(f.Hex("confirm"));
                  }));
  section.ForEach("must_fail_grant",
                  Refusing<OneTimeNewDevice>(section, MakeNew, [](Fields& f, Fields& v, auto& joining) {
                    (void)f.Ok(joining.Confirm(v.Hex("answer")), "answer");
                    return joining.OpenGrant(f.Hex("grant")).status();
                  }));
}

}  // namespace labyrinth::vectors
