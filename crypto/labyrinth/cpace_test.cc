#include "crypto/labyrinth/cpace.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

using Role = CpaceRun::Role;

std::string Bytes(std::string_view hex) { return FromHex(hex).value(); }

// Draws the scalar as it stands: 64 bytes are drawn and reduced.
CpaceRun StartWith(Role role, std::string_view scalar, std::string_view password, std::string_view ci,
                   std::string_view sid) {
  ScriptedRandom random(std::string(scalar) + std::string(32, '\0'));
  return CpaceRun::Start(role, Secret::CopyOf(password), ci, sid, random);
}

// draft-irtf-cfrg-cpace-21, appendix B.3. tests/vectors has every intermediate value of it.
struct Draft {
  const std::string ci = Bytes("0b415f696e69746961746f720b425f726573706f6e646572");
  const std::string sid = Bytes("7e4b4791d6a8ef019b936c79fb7f2c57");
  const std::string ya = Bytes("da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08");
  const std::string yb = Bytes("d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d");
  CpaceRun initiator = StartWith(Role::kInitiator, ya, "Password", ci, sid);
  CpaceRun responder = StartWith(Role::kResponder, yb, "Password", ci, sid);
};

TEST_CASE("a run gives the draft's shares and session key, on both sides") {
  Draft d;
  CHECK(ToHex(d.initiator.share().view()) == "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157");
  CHECK(ToHex(d.responder.share().view()) == "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258");
  const auto initiator = d.initiator.Finish("ADa", d.responder.share().view(), "ADb");
  const auto responder = d.responder.Finish("ADb", d.initiator.share().view(), "ADa");
  REQUIRE(initiator.ok());
  REQUIRE(responder.ok());
  constexpr std::string_view kIsk =
      "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
      "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447";
  CHECK(ToHex(initiator->RevealSecret()) == kIsk);
  CHECK(ToHex(responder->RevealSecret()) == kIsk);
}

TEST_CASE("a share that is no element, or the identity, ends the run") {
  // Appendix B.3.11: Y_i1 and Y_i2; and what decodes to the identity or twice in sloppier decoders.
  const std::string valid = Bytes("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c");
  std::string high_bit = valid;
  high_bit[31] = static_cast<char>(high_bit[31] | 0x80);
  const std::string bad[] = {Bytes("2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c"),
                             std::string(32, '\0'),
                             high_bit,
                             std::string(31, '\0') + '\x80',
                             Bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                             valid.substr(1),
                             valid + '\0',
                             ""};
  for (const std::string& share : bad) {
    INFO(ToHex(share));
    Draft d;
    CHECK(d.initiator.Finish("", share, "").status().code() == absl::StatusCode::kInvalidArgument);
    // And nothing more comes of it.
    CHECK(d.initiator.Finish("", valid, "").status().code() == absl::StatusCode::kInvalidArgument);
    CHECK_FALSE(d.responder.Finish("", share, "").ok());
  }
}

TEST_CASE("a run gives one key") {
  Draft d;
  REQUIRE(d.initiator.Finish("ADa", d.responder.share().view(), "ADb").ok());
  CHECK_FALSE(d.initiator.Finish("ADa", d.responder.share().view(), "ADb").ok());
}

TEST_CASE("whatever differs between the sides gives another key") {
  struct Side {
    std::string password = "123456", ci = "channel", sid = "session", own = "data", seen = "peer's data";
  };
  SeededRandom random(3);
  const auto key = [&random](const Side& b) {
    const Side a;
    CpaceRun initiator = CpaceRun::Start(Role::kInitiator, Secret::CopyOf(a.password), a.ci, a.sid, random);
    CpaceRun responder = CpaceRun::Start(Role::kResponder, Secret::CopyOf(b.password), b.ci, b.sid, random);
    const auto first = initiator.Finish(a.own, responder.share().view(), a.seen);
    const auto second = responder.Finish(b.seen, initiator.share().view(), b.own);
    return first->RevealSecret() == second->RevealSecret();
  };
  CHECK(key({}));
  CHECK_FALSE(key({.password = "123457"}));
  CHECK_FALSE(key({.password = "0123456"}));
  CHECK_FALSE(key({.ci = "another"}));
  CHECK_FALSE(key({.sid = "another"}));
  CHECK_FALSE(key({.own = "another"}));
  CHECK_FALSE(key({.seen = "another"}));
  // A byte moved over a border.
  CHECK_FALSE(key({.ci = "channels", .sid = "ession"}));

  // Two initiators, or a share sent back to its sender, agree on nothing: the roles stand in the transcript.
  CpaceRun one = CpaceRun::Start(Role::kInitiator, Secret::CopyOf("123456"), "", "", random);
  CpaceRun two = CpaceRun::Start(Role::kInitiator, Secret::CopyOf("123456"), "", "", random);
  CHECK(one.Finish("", two.share().view(), "")->RevealSecret() !=
        two.Finish("", one.share().view(), "")->RevealSecret());
}

TEST_CASE("no run repeats a share") {
  SeededRandom random(4);
  const auto share = [&random] {
    return CpaceRun::Start(Role::kInitiator, Secret::CopyOf("123456"), "ci", "sid", random).share();
  };
  CHECK(share() != share());
}

TEST_CASE("lengths are LEB128") {
  const auto encoded = [](std::size_t size) {
    std::string out;
    cpace::AppendWithLength(out, std::string(size, 'x'));
    return ToHex(out.substr(0, out.size() - size));
  };
  CHECK(encoded(0) == "00");
  CHECK(encoded(127) == "7f");
  CHECK(encoded(128) == "8001");
  CHECK(encoded(16'383) == "ff7f");
  CHECK(encoded(16'384) == "808001");
}

TEST_CASE("the password fills the hash's first block, whatever its length") {
  for (const std::size_t size : {0, 1, 6, 60, 107}) {
    INFO(size);
    const Secret string = cpace::GeneratorString(Secret::CopyOf(std::string(size, 'p')), "CI", "sid");
    CHECK(string.RevealSecret().substr(128) == std::string_view("\x02"
                                                                "CI\x03sid"));
  }
}

TEST_CASE("what a run releases doesn't hold the password or the key") {
  SeededRandom random(5);
  const std::string password = "correct horse battery";
  const Secret secret = Secret::CopyOf(password);
  ReleaseWatch watch(password);
  {
    CpaceRun initiator = CpaceRun::Start(Role::kInitiator, secret, "ci", "sid", random);
    CpaceRun responder = CpaceRun::Start(Role::kResponder, secret, "ci", "sid", random);
    (void)initiator.Finish("a", responder.share().view(), "b");
  }
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
