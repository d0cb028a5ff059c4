#include "crypto/labyrinth/envelope.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/labyrinth/message.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/seeded_random.h"
#include "proto/labyrinth/content/v1/envelope.pb.h"

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kThread = "thread";

struct Fixture {
  SeededRandom random{51};
  Epoch epoch = MakeFirstEpoch(1, random);
  PublicKey writer = KeyPair::Generate(random).public_key;

  Envelope Example() const {
    return {"message-1", 1'700'000'000'123, 1'800'000'000'000, writer, 42, Secret::CopyOf(std::string_view("content"))};
  }
  std::string Seal(const Envelope& envelope) {
    auto sealed = SealEnvelope(epoch, kThread, envelope, random);
    REQUIRE(sealed.ok());
    return *sealed;
  }
  // A row that holds `plaintext` behind the true marker.
  std::string SealMarked(std::string_view rest) {
    const Secret marker = Kdf(*MessageKey(epoch, 3, kThread), std::string_view(), "labyrinth_envelope_v1", 16);
    return *EncryptMessage(epoch, kThread, std::string(marker.RevealSecret()).append(rest), random);
  }
};

MessageRow RowOf(const Envelope& envelope, std::string_view ciphertext) {
  return {kThread, envelope.message_id, envelope.timestamp_ms, envelope.expire_ms, 3, ciphertext};
}

TEST_CASE("an envelope in its own row opens, verified") {
  Fixture f;
  const std::string data = f.Seal(f.Example());
  const Envelope expected = f.Example();
  const auto opened = OpenEnvelope(f.epoch, RowOf(expected, data));
  REQUIRE(opened.ok());
  REQUIRE(opened->verified());
  CHECK(opened->envelope->message_id == "message-1");
  CHECK(opened->envelope->timestamp_ms == expected.timestamp_ms);
  CHECK(opened->envelope->expire_ms == expected.expire_ms);
  CHECK(opened->envelope->writer == f.writer);
  CHECK(opened->envelope->change_number == 42);
  CHECK(opened->envelope->content.RevealSecret() == "content");
  CHECK(opened->foreign_data.empty());
}

TEST_CASE("a relabelled row is tampering, and the text names the field") {
  Fixture f;
  const Envelope envelope = f.Example();
  const std::string data = f.Seal(envelope);
  struct Case {
    std::string field;
    std::function<void(MessageRow&)> change;
  };
  const Case cases[] = {
      {"message_id", [](MessageRow& r) { r.message_id = "message-2"; }},
      {"message_id", [](MessageRow& r) { r.message_id = ""; }},
      {"timestamp_ms", [](MessageRow& r) { r.timestamp_ms += 1; }},
      {"expire_ms", [](MessageRow& r) { r.expire_ms = 0; }},
      {"expire_ms", [](MessageRow& r) { r.expire_ms += 1; }},
  };
  for (const Case& one : cases) {
    MessageRow row = RowOf(envelope, data);
    one.change(row);
    const absl::Status status = OpenEnvelope(f.epoch, row).status();
    CHECK(ReasonOf(status) == Reason::kDataDamaged);
    CHECK_THAT(std::string(status.message()), Catch::EndsWith("differs from its envelope: " + one.field));
  }
  // A thread, an epoch or a version moved: it doesn't decrypt.
  MessageRow row = RowOf(envelope, data);
  row.thread_id = "another thread";
  CHECK(ReasonOf(OpenEnvelope(f.epoch, row).status()) == Reason::kDataDamaged);
  row = RowOf(envelope, data);
  row.cipher_version = 4;
  CHECK(ReasonOf(OpenEnvelope(f.epoch, row).status()) == Reason::kDataDamaged);
  row = RowOf(envelope, data);
  CHECK(ReasonOf(OpenEnvelope(MakeFirstEpoch(1, f.random), row).status()) == Reason::kDataDamaged);
  row.cipher_version = 1;
  CHECK(OpenEnvelope(f.epoch, row).status().code() == absl::StatusCode::kUnimplemented);
}

TEST_CASE("two swapped rows of one thread both show") {
  Fixture f;
  const Envelope one = f.Example();
  Envelope two = f.Example();
  two.message_id = "message-2";
  const std::string data_one = f.Seal(one), data_two = f.Seal(two);
  CHECK_FALSE(OpenEnvelope(f.epoch, RowOf(one, data_two)).ok());
  CHECK_FALSE(OpenEnvelope(f.epoch, RowOf(two, data_one)).ok());
}

TEST_CASE("foreign data stays readable and is marked unverified") {
  Fixture f;
  const Envelope row_of = f.Example();
  content::v1::MessageEnvelope forged;
  forged.set_message_id("message-1");
  forged.set_timestamp_ms(row_of.timestamp_ms);
  forged.set_writer_device_key(f.writer.str());
  forged.set_change_number(1);
  // Among them what a stranger could send a client without envelopes: the bytes of one, and a guessed marker.
  for (const std::string& text :
       {std::string("plain text"), std::string(), std::string(16, '\0'), forged.SerializeAsString(),
        std::string(16, 'm') + '\1' + forged.SerializeAsString()}) {
    const std::string data = *EncryptMessage(f.epoch, kThread, text, f.random);
    const auto opened = OpenEnvelope(f.epoch, RowOf(row_of, data));
    REQUIRE(opened.ok());
    CHECK_FALSE(opened->verified());
    CHECK(opened->foreign_data.RevealSecret() == text);
  }
}

TEST_CASE("the marker of another thread or epoch is none") {
  Fixture f;
  const Envelope envelope = f.Example();
  const std::string plaintext(DecryptMessage(f.epoch, 3, kThread, f.Seal(envelope))->RevealSecret());
  MessageRow row = RowOf(envelope, "");
  row.thread_id = "another thread";
  const std::string moved = *EncryptMessage(f.epoch, row.thread_id, plaintext, f.random);
  row.ciphertext = moved;
  const auto opened = OpenEnvelope(f.epoch, row);
  REQUIRE(opened.ok());
  CHECK_FALSE(opened->verified());
}

TEST_CASE("a marked envelope that doesn't parse is damage, of another version unsupported") {
  Fixture f;
  const Envelope row_of = f.Example();
  const auto status_of = [&](std::string_view rest) {
    const std::string data = f.SealMarked(rest);
    return OpenEnvelope(f.epoch, RowOf(row_of, data)).status();
  };
  CHECK(ReasonOf(status_of("")) == Reason::kDataDamaged);
  CHECK(ReasonOf(status_of("\1")) == Reason::kDataDamaged);
  CHECK(ReasonOf(status_of("\1\xff\xff\xff")) == Reason::kDataDamaged);
  CHECK(status_of("\2").code() == absl::StatusCode::kUnimplemented);
  CHECK_THAT(std::string(status_of("\2").message()), Catch::Contains("version 2"));

  content::v1::MessageEnvelope proto;
  proto.set_message_id("message-1");
  proto.set_timestamp_ms(row_of.timestamp_ms);
  proto.set_expire_ms(row_of.expire_ms);
  proto.set_writer_device_key(f.writer.str());
  proto.set_change_number(1);
  CHECK(status_of("\1" + proto.SerializeAsString()).ok());
  auto changed = proto;
  changed.set_writer_device_key("short");
  CHECK(ReasonOf(status_of("\1" + changed.SerializeAsString())) == Reason::kDataDamaged);
  changed = proto;
  changed.set_change_number(0);
  CHECK(ReasonOf(status_of("\1" + changed.SerializeAsString())) == Reason::kDataDamaged);
}

TEST_CASE("an envelope without its required fields isn't sealed") {
  Fixture f;
  Envelope envelope = f.Example();
  envelope.message_id.clear();
  CHECK_FALSE(SealEnvelope(f.epoch, kThread, envelope, f.random).ok());
  envelope = f.Example();
  envelope.writer = PublicKey();
  CHECK_FALSE(SealEnvelope(f.epoch, kThread, envelope, f.random).ok());
  envelope = f.Example();
  envelope.change_number = 0;
  CHECK_FALSE(SealEnvelope(f.epoch, kThread, envelope, f.random).ok());
  CHECK_FALSE(SealEnvelope(f.epoch, "", f.Example(), f.random).ok());
  envelope = f.Example();
  envelope.content = Secret();
  CHECK(SealEnvelope(f.epoch, kThread, envelope, f.random).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
