#include "crypto/labyrinth/one_time_messages.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/one_time_testing.h"
#include "crypto/primitives/release_watch.h"

namespace labyrinth::crypto {
namespace {

bool Damaged(std::string bytes) {
  const auto bundle = DecodeOneTimeBundle(Secret::TakeAndWipe(std::move(bytes)));
  if (bundle.ok()) return false;
  CHECK(ReasonOf(bundle.status()) == Reason::kDataDamaged);
  return true;
}

TEST_CASE("the new device's data are its three keys and two signatures") {
  OneTimeFixture f(11);
  const DevicePublicKeys& keys = f.new_secrets.public_keys;
  const auto data = EncodeNewDeviceData(keys);
  REQUIRE(data.ok());
  CHECK(*data == keys.device_key.str() + keys.epoch_storage_key.str() + keys.epoch_storage_auth_key->str() +
                     keys.sig_30.str() + keys.sig_31->str());
  const DeviceSecrets code = MakeDevice(SubjectKind::kVirtual, f.random);
  CHECK_FALSE(EncodeNewDeviceData(code.public_keys).ok());
}

TEST_CASE("the old device's data read as they were written") {
  OneTimeFixture f(12);
  const std::string bytes = EncodeOldDeviceData(f.self);
  CHECK(bytes.size() == kOldDeviceDataBytes);
  CHECK(DecodeOldDeviceData(bytes).value() == f.self);
  CHECK_FALSE(DecodeOldDeviceData(bytes.substr(1)).ok());
  CHECK_FALSE(DecodeOldDeviceData(bytes + '\0').ok());
  CHECK_FALSE(DecodeOldDeviceData("").ok());
  OldDeviceData no_epoch = f.self;
  no_epoch.epoch_id = EpochId(0);
  CHECK_FALSE(DecodeOldDeviceData(EncodeOldDeviceData(no_epoch)).ok());
  OldDeviceData low_order = f.self;
  low_order.device_key = PublicKey();
  CHECK_FALSE(DecodeOldDeviceData(EncodeOldDeviceData(low_order)).ok());
}

TEST_CASE("an answer keeps the bytes that it came in") {
  OneTimeFixture f(13);
  const Point share = HashToCurve("share");
  const std::string data = EncodeOldDeviceData(f.self);
  const auto answer = DecodeOneTimeAnswer(EncodeOneTimeAnswer(share, data));
  REQUIRE(answer.ok());
  CHECK(answer->share == share.view());
  CHECK(answer->associated_data == data);
  CHECK(answer->old_device == f.self);
  CHECK_FALSE(DecodeOneTimeAnswer(share.view()).ok());
  CHECK_FALSE(DecodeOneTimeAnswer(share.str() + data + data).ok());
  CHECK_FALSE(DecodeOneTimeAnswer("").ok());
}

TEST_CASE("a grant is a MAC and something more, of a payload's length") {
  const MacTag mac = MacWithPublicKey("data", "key");
  const auto grant = DecodeOneTimeGrant(EncodeOneTimeGrant(mac, "bundle"));
  REQUIRE(grant.ok());
  CHECK(grant->mac == mac.view());
  CHECK(grant->encrypted_bundle == "bundle");
  CHECK_FALSE(DecodeOneTimeGrant("").ok());
  CHECK_FALSE(DecodeOneTimeGrant(mac.view()).ok());
  CHECK(DecodeOneTimeGrant(std::string(limits::kEnrollmentPayloadBytes, 'g')).ok());
  CHECK_FALSE(DecodeOneTimeGrant(std::string(limits::kEnrollmentPayloadBytes + 1, 'g')).ok());
}

TEST_CASE("a bundle reads as it was written, and in no other form") {
  OneTimeFixture f(14);
  const auto encoded = EncodeOneTimeBundle(f.Bundle());
  REQUIRE(encoded.ok());
  const std::string bytes(encoded->RevealSecret());
  const auto bundle = DecodeOneTimeBundle(*encoded);
  REQUIRE(bundle.ok());
  CHECK(EncodeOneTimeBundle(*bundle)->RevealSecret() == bytes);
  CHECK(bundle->orf.bytes().RevealSecret() == f.temporary.bytes().RevealSecret());
  CHECK(bundle->epoch.id == f.epoch.id);

  CHECK(Damaged(""));
  CHECK(Damaged(bytes + '\0'));
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(Damaged(bytes.substr(0, size)));
  CHECK(Damaged("\x02" + bytes.substr(1)));
  const auto with = [&bytes](std::size_t at, const std::string& part) {
    return bytes.substr(0, at) + part + bytes.substr(at + part.size());
  };
  CHECK(Damaged(with(1, std::string(32, '\0'))));             // a client state of zero
  CHECK(Damaged(with(1, std::string(32, '\xff'))));           // not canonical
  CHECK(Damaged(with(97, std::string(8, '\0'))));             // no epoch
  CHECK(Damaged(with(97, std::string(8, '\xff'))));           // not an id
  CHECK(Damaged(with(105, std::string(4, '\xff'))));          // no such sequence
  CHECK(Damaged(with(109, std::string(4, '\xff'))));          // an entry of 4 GiB
  CHECK(Damaged(with(109, std::string("\0\0\x02\x01", 4))));  // of 513 bytes
}

TEST_CASE("a bundle of the wrong parts isn't written") {
  OneTimeFixture f(15);
  OneTimeBundle bundle = f.Bundle();
  bundle.mailbox_root_salt = Secret(31);
  CHECK_FALSE(EncodeOneTimeBundle(bundle).ok());
  bundle = f.Bundle();
  bundle.epoch.root_key = Secret();
  CHECK_FALSE(EncodeOneTimeBundle(bundle).ok());
  bundle = f.Bundle();
  bundle.epoch.id = EpochId(0);
  CHECK_FALSE(EncodeOneTimeBundle(bundle).ok());
  bundle = f.Bundle();
  bundle.epoch.sequence_id = uint64_t{limits::kEpochSequence} + 1;
  CHECK_FALSE(EncodeOneTimeBundle(bundle).ok());
  bundle = f.Bundle();
  bundle.add_entry.entry.assign(limits::kLogEntryBytes + 1, 'e');
  CHECK_FALSE(EncodeOneTimeBundle(bundle).ok());
}

TEST_CASE("what a bundle's codec releases doesn't hold the epoch's key") {
  OneTimeFixture f(16);
  const OneTimeBundle bundle = f.Bundle();
  ReleaseWatch watch(f.epoch.root_key.RevealSecret().substr(8, 16));
  {
    const auto encoded = EncodeOneTimeBundle(bundle);
    (void)DecodeOneTimeBundle(*encoded);
  }
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
