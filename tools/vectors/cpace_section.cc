#include "crypto/labyrinth/cpace.h"
#include "crypto/primitives/hash.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::CpaceRun;
using crypto::Scalar;
using crypto::Secret;

// A scalar is drawn as 64 bytes and reduced: the given one, and zeros.
CpaceRun StartWith(CpaceRun::Role role, Fields& f, std::string_view scalar, const Secret& password,
                   const std::string& channel_id, const std::string& session_id) {
  std::string drawn = f.Hex(scalar);
  drawn.resize(64);
  CaseRandom random(drawn, f.outcome());
  return CpaceRun::Start(role, password, channel_id, session_id, random);
}

void RunWhole(Fields& f) {
  const Secret password = f.SecretOf("prs");
  const std::string ci = f.Hex("ci"), sid = f.Hex("sid"), ada = f.Hex("ada"), adb = f.Hex("adb");
  const Secret string = crypto::cpace::GeneratorString(password, ci, sid);
  f.Expect("generator_string", string);
  f.Expect("generator_hash", crypto::Sha512(string.RevealSecret()).view());
  f.Expect("generator", crypto::cpace::Generator(password, ci, sid).view());

  const auto ya = Scalar::Parse(f.Hex("ya"));
  const auto yb = Scalar::Parse(f.Hex("yb"));
  if (!f.Ok(ya, "ya") || !f.Ok(yb, "yb")) return;
  CpaceRun initiator = StartWith(CpaceRun::Role::kInitiator, f, "ya", password, ci, sid);
  CpaceRun responder = StartWith(CpaceRun::Role::kResponder, f, "yb", password, ci, sid);
  f.Expect("initiator_share", initiator.share().view());
  f.Expect("responder_share", responder.share().view());
  f.Expect("k", crypto::cpace::ScalarMultVerify(*ya, f.Hex("responder_share")));
  f.Expect("k", crypto::cpace::ScalarMultVerify(*yb, f.Hex("initiator_share")));
  const std::string transcript =
      crypto::cpace::Transcript(f.Hex("initiator_share"), ada, f.Hex("responder_share"), adb);
  f.Expect("transcript_ir", transcript);
  f.Expect("isk_ir", crypto::cpace::SessionKey(sid, f.SecretOf("k"), transcript));
  f.Expect("isk_ir", initiator.Finish(ada, f.Hex("responder_share"), adb));
  f.Expect("isk_ir", responder.Finish(adb, f.Hex("initiator_share"), ada));
  // Optional in the draft and unused here; it shows that the transcript is the draft's.
  f.Expect("sid_output_ir", crypto::Sha512("CPaceSidOutput" + transcript).view());
}

void RunLvCat(Fields& f) {
  std::string out;
  for (const std::string& part : f.HexList("parts")) crypto::cpace::AppendWithLength(out, part);
  f.Expect("encoded", out);
}

void RunTranscript(Fields& f) {
  f.Expect("transcript_ir", crypto::cpace::Transcript(f.Hex("ya"), f.Hex("ada"), f.Hex("yb"), f.Hex("adb")));
}

void RunScalarMult(Fields& f) {
  const auto scalar = Scalar::Parse(f.Hex("s"));
  if (f.Ok(scalar, "s")) f.Expect("product", crypto::cpace::ScalarMultVerify(*scalar, f.Hex("x")));
}

void RunRefused(Fields& f) {
  const auto scalar = Scalar::Parse(f.Hex("s"));
  if (!f.Ok(scalar, "s")) return;
  const std::string share = f.Hex("x");
  f.ExpectRefused(crypto::cpace::ScalarMultVerify(*scalar, share), "scalar_mult_vfy");
  CpaceRun run = StartWith(CpaceRun::Role::kResponder, f, "s", Secret::CopyOf("Password"), "", "");
  f.ExpectRefused(run.Finish("", share, ""), "the run");
}

}  // namespace

void RunCpace(Section& section) {
  section.ForEach("vectors", RunWhole);
  section.ForEach("lv_cat", RunLvCat);
  section.ForEach("transcripts", RunTranscript);
  section.ForEach("scalar_mult_vfy", RunScalarMult);
  section.ForEach("must_fail", RunRefused);
}

}  // namespace labyrinth::vectors
