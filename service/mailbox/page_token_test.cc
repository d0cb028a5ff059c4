// Tokens open where they were made for, and nowhere else.
#include "service/mailbox/page_token.h"

#include <catch2/catch.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::mailbox {
namespace {

crypto::Secret KeyOf(uint64_t seed) {
  crypto::SeededRandom random(seed);
  return crypto::RandomSecret(32, random);
}

std::string Text(const std::string& bytes) { return absl::WebSafeBase64Escape(bytes); }

struct Fixture {
  std::string Seal(std::string_view last_key) { return tokens.Seal(caller, query, last_key).value(); }
  absl::StatusOr<std::string> Open(std::string_view token) { return tokens.Open(caller, query, token); }
  bool Refuses(std::string_view token) { return ReasonOf(Open(token).status()) == Reason::kPageTokenInvalid; }

  crypto::SeededRandom random{1};
  PageTokens tokens{KeyOf(2), /*generation=*/7, random};
  Caller caller{"partition", 3, DeviceId(4)};
  crypto::Sha256Digest query = QueryHash("List").Add("thread").Add(5).Done();
};

TEST_CASE("a token gives back the last row's key, of every length that rows have") {
  Fixture f;
  for (std::size_t size = 1; size <= 160; ++size) {
    const std::string key(size, static_cast<char>(size));
    const auto opened = f.Open(f.Seal(key));
    INFO(size);
    REQUIRE(opened.ok());
    CHECK(*opened == key);
  }
}

TEST_CASE("the empty token begins the walk") {
  Fixture f;
  const auto opened = f.Open("");
  REQUIRE(opened.ok());
  CHECK(opened->empty());
}

TEST_CASE("a token is text for a URL, shows nothing of the key, and is never the same twice") {
  Fixture f;
  const std::string key = "the time of a message";
  const std::string token = f.Seal(key);
  for (const char c : token) CHECK((absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'));
  std::string sealed;
  REQUIRE(absl::WebSafeBase64Unescape(token, &sealed));
  CHECK(sealed.find(key) == std::string::npos);
  CHECK(f.Seal(key) != token);
}

TEST_CASE("a token altered in any bit of any character is refused") {
  Fixture f;
  // Three lengths: the text's last character holds six, four or two bits of the sealed bytes.
  const auto size = GENERATE(18u, 19u, 20u);
  const std::string token = f.Seal(std::string(size, 'k'));
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = token;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      INFO("character " << i << ", bit " << bit);
      CHECK(f.Refuses(altered));
    }
  }
}

TEST_CASE("every other spelling of a good token's bytes is refused") {
  Fixture f;
  const auto size = GENERATE(18u, 19u, 20u);
  const std::string token = f.Seal(std::string(size, 'k'));
  for (const char last : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    if (last == token.back()) continue;
    std::string altered = token;
    altered.back() = last;
    INFO("last character " << last);
    CHECK(f.Refuses(altered));
  }
  for (const std::string_view surplus : {"=", "==", " ", "\n"}) CHECK(f.Refuses(token + std::string(surplus)));
  CHECK(f.Refuses(" " + token));
}

TEST_CASE("bytes that are missing, too many, or too few to be sealed are refused") {
  Fixture f;
  const std::string token = f.Seal("key");
  for (std::size_t size = 1; size < token.size(); ++size) {
    INFO(size);
    CHECK(f.Refuses(token.substr(0, size)));
  }
  CHECK(f.Refuses(token + "AAAA"));
  CHECK(f.Refuses(token + token));
  for (std::size_t size = 1; size <= 64; ++size) CHECK(f.Refuses(Text(std::string(size, '\0'))));
}

TEST_CASE("text that is no token at all is refused") {
  Fixture f;
  for (const std::string_view text : {"?", "+/+/", "a b c", "....", "A", "\xff\xfe", "2"}) CHECK(f.Refuses(text));
  CHECK(f.Refuses(std::string(1, '\0')));
  CHECK(f.Refuses(std::string(513, 'A')));
  CHECK(f.Refuses(std::string(1 << 20, 'A')));
}

TEST_CASE("a token that is sealed well but longer than any of ours is refused") {
  Fixture f;
  const std::string token = f.Seal(std::string(512, 'k'));
  CHECK(token.size() > 512);
  CHECK(f.Refuses(token));
}

TEST_CASE("a token belongs to one mailbox, incarnation and query, and to every device of the mailbox") {
  Fixture f;
  const std::string token = f.Seal("key");
  const auto refused = [&](const Caller& caller, const crypto::Sha256Digest& query) {
    return ReasonOf(f.tokens.Open(caller, query, token).status()) == Reason::kPageTokenInvalid;
  };
  CHECK(refused({"partitioN", 3, DeviceId(4)}, f.query));
  CHECK(refused({"partition", 2, DeviceId(4)}, f.query));
  CHECK(refused({"", 3, DeviceId(4)}, f.query));
  CHECK(refused(f.caller, QueryHash("Other").Add("thread").Add(5).Done()));
  CHECK(refused(f.caller, QueryHash("List").Add("threae").Add(5).Done()));
  CHECK(refused(f.caller, QueryHash("List").Add("thread").Add(6).Done()));
  CHECK(refused(f.caller, QueryHash("List").Add("thread").Done()));
  CHECK(f.tokens.Open({"partition", 3, DeviceId(5)}, f.query, token).value() == "key");
}

TEST_CASE("a token belongs to one key and one generation, wherever they are configured") {
  Fixture f;
  const std::string token = f.Seal("key");
  const auto opened_with = [&](uint64_t key_seed, uint64_t generation) {
    return PageTokens(KeyOf(key_seed), generation, f.random).Open(f.caller, f.query, token);
  };
  CHECK(opened_with(2, 7).value() == "key");
  CHECK(ReasonOf(opened_with(2, 8).status()) == Reason::kPageTokenInvalid);
  CHECK(ReasonOf(opened_with(3, 7).status()) == Reason::kPageTokenInvalid);
}

TEST_CASE("fields of a query can't flow into each other") {
  const auto hash = [](std::string_view a, std::string_view b) { return QueryHash("List").Add(a).Add(b).Done(); };
  CHECK(hash("ab", "c") != hash("a", "bc"));
  CHECK(hash("", "a") != hash("a", ""));
  CHECK(hash("a", "b") == hash("a", "b"));
}

}  // namespace
}  // namespace labyrinth::mailbox
