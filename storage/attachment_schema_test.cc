#include "storage/attachment_schema.h"

#include <catch2/catch.hpp>

namespace labyrinth::storage::attachment_keys {
namespace {

AttachmentIndex Index(char fill) { return *AttachmentIndex::From(std::string(32, fill)); }
AttachmentBlob Name(char fill) { return *AttachmentBlob::From(std::string(32, fill)); }

TEST_CASE("partitions are named by the first byte, and by nothing else") {
  CHECK(ReferencePartition(Index('\x5f')) == "attref-5f");
  CHECK(BlobPartition(Name('\xff')) == "attblob-ff");
  CHECK(KindOfPartition("attref-5f") == Kind::kReferences);
  CHECK(KindOfPartition("attblob-00") == Kind::kBlobs);
  for (const char* other : {"", "attref-", "attref-5", "attref-5F", "attref-5g", "attref-5f0", "attblob", "server"}) {
    INFO(other);
    CHECK_FALSE(KindOfPartition(other).has_value());
  }
}

TEST_CASE("keys are what docs/STORAGE_FORMAT.md says") {
  const std::string i(32, 'i'), b(32, 'b');
  const std::string time("\x00\x00\x00\x01\x02\x03", 6);
  CHECK(Head() == "\x01");
  CHECK(Reference(Index('i')) == "\x02" + i);
  CHECK(Blob(Name('b')) == "\x02" + b);
  CHECK(ReferenceDue(0x010203, Index('i')) == "\x03" + time + i);
  CHECK(BlobDue(0x010203, Name('b')) == "\x03" + time + b);
  CHECK(BackReferenceDue(0x010203, Name('b'), Index('i')) == "\x03" + time + b + i);
  CHECK(BackReference(Name('b'), Index('i')) == "\x04" + b + i);
}

TEST_CASE("due rows come earliest first and parse back") {
  const auto range = AllDue();
  const std::string early = BackReferenceDue(255, Name('z'), Index('z')), late = BlobDue(256, Name('a'));
  CHECK(early < late);
  CHECK((range.begin < early && late < range.end));
  const auto parsed = ParseDue(Kind::kBlobs, early);
  REQUIRE(parsed.has_value());
  CHECK(parsed->due_ms == 255);
  CHECK(parsed->blob == Name('z'));
  CHECK(parsed->index == Index('z'));
  CHECK_FALSE(ParseDue(Kind::kBlobs, late)->index.has_value());
  const auto reference = ParseDue(Kind::kReferences, ReferenceDue(int64_t{1} << 40, Index('i')));
  CHECK(reference->due_ms == int64_t{1} << 40);
  CHECK(reference->index == Index('i'));
  CHECK_FALSE(reference->blob.has_value());
  CHECK_FALSE(ParseDue(Kind::kReferences, early).has_value());
  CHECK_FALSE(ParseDue(Kind::kBlobs, Blob(Name('a'))).has_value());
  CHECK_FALSE(ParseDue(Kind::kBlobs, "").has_value());
  CHECK_FALSE(ParseDue(Kind::kBlobs, late.substr(1)).has_value());
}

}  // namespace
}  // namespace labyrinth::storage::attachment_keys
