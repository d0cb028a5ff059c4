#include "crypto/primitives/hash.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"

namespace labyrinth::crypto {
namespace {

Secret Key(std::string_view bytes) { return Secret::CopyOf(bytes); }

TEST_CASE("the empty input has its well-known digest") {
  CHECK(ToHex(Sha256("").view()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256("a") != Sha256("b"));
  CHECK(Sha512("a") != Sha512("b"));
}

TEST_CASE("a MAC verifies whole, and for its own data and key alone") {
  const std::string tag = Mac("data", Key("key")).str();
  CHECK(VerifyMac("data", Key("key"), tag));
  CHECK_FALSE(VerifyMac("datb", Key("key"), tag));
  CHECK_FALSE(VerifyMac("data", Key("kez"), tag));
  CHECK_FALSE(VerifyMac("data", Key("key"), tag.substr(0, 31)));
  CHECK_FALSE(VerifyMac("data", Key("key"), tag + '\0'));
  CHECK_FALSE(VerifyMac("data", Key("key"), ""));
  for (std::size_t i = 0; i < tag.size(); ++i) {
    std::string wrong = tag;
    wrong[i] ^= 1;
    CHECK_FALSE(VerifyMac("data", Key("key"), wrong));
  }
}

TEST_CASE("empty keys and data are legal") {
  CHECK(Mac("", Key("")) == MacWithPublicKey("", ""));
  CHECK(Mac("", Key("")) == Mac("", Key(std::string(64, '\0'))));  // HMAC pads keys with zeros
  CHECK(VerifyMac("", Key(""), Mac("", Key("")).view()));
}

TEST_CASE("an empty salt is 32 zero bytes, whichever way it comes") {
  const std::string expected(Kdf(Key("ikm"), std::string(32, '\0'), "info").RevealSecret());
  CHECK(Kdf(Key("ikm"), "", "info").RevealSecret() == expected);
  CHECK(Kdf(Key("ikm"), std::string_view(), "info").RevealSecret() == expected);
  CHECK(Kdf(Key("ikm"), Secret(), "info").RevealSecret() == expected);
}

TEST_CASE("outputs have the length asked for, shorter ones being prefixes") {
  const Secret longest = Kdf(Key("ikm"), "salt", "info", 255 * 32);
  CHECK(longest.size() == 255 * 32);
  for (std::size_t size : {0, 1, 16, 31, 32, 33, 64, 8159}) {
    CHECK(Kdf(Key("ikm"), "salt", "info", size).RevealSecret() == longest.RevealSecret().substr(0, size));
  }
  CHECK(Aborts([] { Kdf(Secret::CopyOf("ikm"), "salt", "info", 255 * 32 + 1); }));
}

TEST_CASE("two keys are halves of one output") {
  const auto [first, second] = KdfTwoKeys(Key("ikm"), "salt", "info");
  const Secret both = Kdf(Key("ikm"), "salt", "info", 64);
  CHECK(first.RevealSecret() == both.RevealSecret().substr(0, 32));
  CHECK(second.RevealSecret() == both.RevealSecret().substr(32));
}

TEST_CASE("neither the extracted key nor the outputs stay behind") {
  const std::string extracted = MacWithPublicKey("input", "salt").str();
  const std::string output(Kdf(Key("input"), "salt", "info", 64).RevealSecret());
  for (const std::string& marker : {extracted, output.substr(0, 32), output.substr(32)}) {
    ReleaseWatch watch(marker);
    KdfTwoKeys(Key("input"), "salt", "info");
    CHECK(watch.released() > 0);
    CHECK(watch.released_with_marker() == 0);
  }
}

}  // namespace
}  // namespace labyrinth::crypto
