// A row read where it lies is the row that the parser reads.
#include "service/mailbox/message_view.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "common/errors.h"
#include "proto/storage/v1/records.pb.h"

namespace labyrinth::mailbox {
namespace {

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

bool Equal(const MessageRow& row, const storage_v1::MessageRecord& record) {
  return row.message_id() == record.message_id() && row.epoch_id() == record.epoch_id() &&
         row.cipher_version() == record.cipher_version() && row.ciphertext() == record.ciphertext() &&
         row.expire_ms() == record.expire_ms() && row.replace_revision() == record.replace_revision();
}

// Both refuse it, or both read the same.
bool ReadsAlike(const std::string& bytes) {
  storage_v1::MessageRecord parsed;
  const auto row = MessageRow::Parse(bytes);
  if (!parsed.ParseFromString(bytes)) return !row.ok() && ReasonOf(row.status()) == Reason::kDataDamaged;
  return row.ok() && Equal(*row, parsed);
}

TEST_CASE("every field is read, and absent ones are as the parser has them") {
  for (const std::size_t size : {1, 127, 128, 1024, 262'144}) {
    const std::string bytes = Record(size).SerializeAsString();
    const auto row = MessageRow::Parse(bytes);
    REQUIRE(row.ok());
    CHECK(Equal(*row, Record(size)));
    CHECK(row->ciphertext().data() >= bytes.data());
    CHECK(row->ciphertext().data() < bytes.data() + bytes.size());  // not copied
  }
  CHECK(ReadsAlike(""));
  storage_v1::MessageRecord negative;
  negative.set_expire_ms(-1);
  CHECK(ReadsAlike(negative.SerializeAsString()));
}

TEST_CASE("a row that ends anywhere too early is damaged or lacks what is gone") {
  const std::string row = Record(300).SerializeAsString();
  for (std::size_t size = 0; size < row.size(); ++size) {
    INFO(size << " of " << row.size());
    CHECK(ReadsAlike(row.substr(0, size)));
  }
  CHECK_FALSE(MessageRow::Parse(std::string(20, '\xff')).ok());
}

TEST_CASE("what the parser makes of odd rows is made of them here") {
  storage_v1::MessageRecord second;
  second.set_ciphertext("the second");
  const std::string twice = Record(10).SerializeAsString() + second.SerializeAsString();
  REQUIRE(MessageRow::Parse(twice).ok());
  CHECK(MessageRow::Parse(twice)->ciphertext() == "the second");
  CHECK(ReadsAlike(twice));
  const std::string row = Record(10).SerializeAsString();
  CHECK(ReadsAlike(row + std::string("\x3a\x03"
                                     "abc",
                                     5)));  // an unknown field of bytes
  CHECK(ReadsAlike(row + std::string("\x22\x85\x80\x80\x80\x10"
                                     "abcde",
                                     11)));  // a length beyond 32 bits
  CHECK(ReadsAlike(row + std::string("\x22\xff\xff\xff\xff\x07"
                                     "abcde",
                                     11)));             // and one near the end of them
  CHECK(ReadsAlike(row + std::string("\x20\x05", 2)));  // a ciphertext that is a number
  CHECK(ReadsAlike(row + std::string("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11)));  // a version of 64 bits
  CHECK(ReadsAlike(row + std::string("\x00", 1)));
  CHECK(ReadsAlike(row + std::string("\x3b\x3c", 2)));  // an empty group
  CHECK(ReadsAlike(row + "\x3b"));                      // one that doesn't end
  CHECK(ReadsAlike(row + "\x3c"));                      // one that didn't begin
}

TEST_CASE("rows with some bytes changed are read alike") {
  const auto seed = GENERATE(range(1u, 4u));
  std::mt19937 random(seed);
  const std::string row = Record(40).SerializeAsString();
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = row;
    for (unsigned n = 1 + random() % 3; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
    if (!ReadsAlike(changed)) FAIL("seed " << seed << ", row " << i << ": " << absl::BytesToHexString(changed));
  }
  SUCCEED("all of them");
}

TEST_CASE("a view outlives the page it was taken from") {
  auto view =
      MessageView::Of("thread", {.timestamp_ms = 1, .revision = 2, .ordinal = 3}, Record(2000).SerializeAsString());
  REQUIRE(view.ok());
  const MessageView copy = *view;
  view = absl::CancelledError();
  CHECK(copy.thread_id() == "thread");
  CHECK(Equal(copy.record, Record(2000)));
  CHECK(copy.revision() == 9);
}

}  // namespace
}  // namespace labyrinth::mailbox
