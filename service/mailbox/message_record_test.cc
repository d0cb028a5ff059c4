// A row read by its parts is the row that the parser reads.
#include "service/mailbox/message_record.h"

#include <google/protobuf/util/message_differencer.h>

#include <catch2/catch.hpp>

#include "common/errors.h"

namespace labyrinth::mailbox {
namespace {

using google::protobuf::util::MessageDifferencer;

storage_v1::MessageRecord Record(std::size_t ciphertext_bytes) {
  storage_v1::MessageRecord record;
  record.set_message_id("an id of some bytes");
  record.set_epoch_id(0x0123456789abcdef);
  record.set_cipher_version(3);
  record.set_ciphertext(std::string(ciphertext_bytes, 'c'));
  record.set_expire_ms(1'700'000'000'000);
  record.set_replace_revision(9);
  return record;
}

TEST_CASE("fields before and behind the ciphertext are kept") {
  for (const std::size_t size : {1, 127, 128, 1024, 262'144}) {
    const storage_v1::MessageRecord record = Record(size);
    const auto taken = TakeMessageRecord(record.SerializeAsString());
    REQUIRE(taken.ok());
    CHECK(MessageDifferencer::Equals(*taken, record));
  }
  CHECK(TakeMessageRecord("").ok());
}

TEST_CASE("a row that ends anywhere too early, or holds no field, is damaged or lacks what is gone") {
  const std::string row = Record(300).SerializeAsString();
  for (std::size_t size = 0; size < row.size(); ++size) {
    INFO(size << " of " << row.size());
    const std::string cut = row.substr(0, size);
    storage_v1::MessageRecord parsed;
    const auto taken = TakeMessageRecord(cut);
    CHECK(taken.ok() == parsed.ParseFromString(cut));
    if (taken.ok()) CHECK(MessageDifferencer::Equals(*taken, parsed));
  }
  const auto garbage = TakeMessageRecord(std::string(20, '\xff'));
  CHECK(ReasonOf(garbage.status()) == Reason::kDataDamaged);
}

TEST_CASE("of two ciphertexts the last counts, as for the parser") {
  storage_v1::MessageRecord second;
  second.set_ciphertext("the second");
  const auto taken = TakeMessageRecord(Record(10).SerializeAsString() + second.SerializeAsString());
  REQUIRE(taken.ok());
  CHECK(taken->ciphertext() == "the second");
}

}  // namespace
}  // namespace labyrinth::mailbox
