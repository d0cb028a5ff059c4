#include "crypto/labyrinth/message.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("messages of every readable version open, under their own epoch, thread and version alone") {
  SeededRandom random(41);
  const Epoch epoch = MakeFirstEpoch(1, random);
  const Epoch other_epoch = MakeFirstEpoch(1, random);
  Epoch other_sequence = epoch.Clone();
  other_sequence.sequence_id = 1;
  const std::string thread("binary\0thread\xff", 14);

  for (const uint32_t version : {0u, 2u, 3u, 4u}) {
    const auto key = MessageKey(epoch, version, thread);
    REQUIRE(key.ok());
    const std::string data = *EncryptPadded(*key, MessageAssociatedData(thread), "hello", random);
    CHECK(DecryptMessage(epoch, version, thread, data)->RevealSecret() == "hello");
    CHECK(ReasonOf(DecryptMessage(other_epoch, version, thread, data).status()) == Reason::kDataDamaged);
    CHECK_FALSE(DecryptMessage(other_sequence, version, thread, data).ok());
    CHECK_FALSE(DecryptMessage(epoch, version, "binary", data).ok());
    CHECK_FALSE(DecryptMessage(epoch, version, thread + '\0', data).ok());
    for (const uint32_t other : {0u, 2u, 3u, 4u}) {
      if (other != version) CHECK_FALSE(DecryptMessage(epoch, other, thread, data).ok());
    }
  }
}

TEST_CASE("what is written has version 3, and a flipped byte shows") {
  SeededRandom random(42);
  const Epoch epoch = MakeFirstEpoch(1, random);
  const auto data = EncryptMessage(epoch, "thread", "hello", random);
  REQUIRE(data.ok());
  CHECK(DecryptMessage(epoch, 3, "thread", *data)->RevealSecret() == "hello");
  for (std::size_t at = 0; at < data->size(); ++at) {
    std::string flipped = *data;
    flipped[at] ^= 1;
    CHECK_FALSE(DecryptMessage(epoch, 3, "thread", flipped).ok());
  }
  CHECK_FALSE(DecryptMessage(epoch, 3, "thread", "").ok());
}

TEST_CASE("version 1 and unknown versions are refused by name, empty thread ids too") {
  SeededRandom random(43);
  const Epoch epoch = MakeFirstEpoch(1, random);
  for (const uint32_t version : {1u, 5u, 255u}) {
    const auto key = MessageKey(epoch, version, "thread");
    CHECK(key.status().code() == absl::StatusCode::kUnimplemented);
    CHECK_THAT(std::string(key.status().message()), Catch::Contains("version " + std::to_string(version)));
    CHECK(DecryptMessage(epoch, version, "thread", "x").status().code() == absl::StatusCode::kUnimplemented);
  }
  CHECK(MessageKey(epoch, 3, "").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(EncryptMessage(epoch, "", "hello", random).ok());
}

TEST_CASE("a thread id can't imitate another sequence or version") {
  SeededRandom random(44);
  Epoch one = MakeFirstEpoch(1, random);
  one.sequence_id = 1;
  Epoch eleven = one.Clone();
  eleven.sequence_id = 11;
  const auto same = [](const absl::StatusOr<Secret>& a, const absl::StatusOr<Secret>& b) {
    return a->RevealSecret() == b->RevealSecret();
  };
  CHECK_FALSE(same(MessageKey(one, 3, "1_cipher_version_3_thread_x"), MessageKey(eleven, 3, "x")));
  CHECK_FALSE(same(MessageKey(one, 3, "x"), MessageKey(one, 4, "x")));
  CHECK_FALSE(same(MessageKey(one, 0, "x"), MessageKey(one, 2, "x")));
}

}  // namespace
}  // namespace labyrinth::crypto
