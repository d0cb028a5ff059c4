#include "crypto/statements/log_body.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/errors.h"

namespace labyrinth::crypto {
namespace {

template <typename Fixed>
Fixed Filled(uint8_t byte) {
  Fixed out;
  std::fill_n(out.data(), Fixed::kSize, byte);
  return out;
}

DevicePublicKeys Keys() {
  DevicePublicKeys keys;
  keys.sig_30 = Filled<Signature>(0x30);
  keys.sig_31 = Filled<Signature>(0x31);
  return keys;
}

std::vector<EpochMemberBody> Members() {
  return {{Filled<PublicKey>(1), Filled<MacTag>(0x11), "entropy-1"},
          {Filled<PublicKey>(2), Filled<MacTag>(0x22), "entropy-2"}};
}

// The expected hashes were made by hand with Python's struct and hashlib.
TEST_CASE("bodies hash as the table of kinds says") {
  CHECK(ToHex(CreateBodyHash(Keys(), Filled<MacTag>(0x11)).view()) ==
        "ed43874b16802d0fc095bdd9a2718e7bfe791b131944dbe09c3522c2196edec4");
  CHECK(ToHex(AddDeviceBodyHash(Keys()).view()) == "cad31a2d2c9fe710c832d8a94f542bea0e3d9a5ac9cf5228a414d898a6e5cb3d");
  const SealedVirtualDevice sealed{"one", "two", "three", "four", "five", "six"};
  CHECK(ToHex(AddVirtualDeviceBodyHash(Filled<VirtualDeviceId>(7), Filled<Signature>(0x30), sealed).view()) ==
        "0db9976db1493f1a440987bf4b9bd88024afcfaa53db287e8f11bd4ed3124aa4");
  CHECK(ToHex(OpenEpochBodyHash("seq", "root", Members())->view()) ==
        "45075bf46a8f2931aed29d1953c61e95f87ac9dbd29e8f8de626206162ed5474");
}

TEST_CASE("the order of an open epoch's members in the call doesn't matter") {
  auto reversed = Members();
  std::reverse(reversed.begin(), reversed.end());
  CHECK(*OpenEpochBodyHash("seq", "root", reversed) == *OpenEpochBodyHash("seq", "root", Members()));
}

TEST_CASE("an open epoch can't name a member twice") {
  auto members = Members();
  members.push_back(members[0]);
  members.back().encrypted_entropy = "another entropy";
  CHECK(ReasonOf(OpenEpochBodyHash("seq", "root", members).status()) == Reason::kInvalidField);
}

TEST_CASE("every part of a body changes its hash") {
  const Sha256Digest open = *OpenEpochBodyHash("seq", "root", Members());
  CHECK(*OpenEpochBodyHash("seqr", "oot", Members()) != open);
  CHECK(*OpenEpochBodyHash("root", "seq", Members()) != open);
  auto members = Members();
  std::swap(members[0].encrypted_entropy, members[1].encrypted_entropy);
  CHECK(*OpenEpochBodyHash("seq", "root", members) != open);
  members = Members();
  members[1].epoch_device_mac = Filled<MacTag>(0x23);
  CHECK(*OpenEpochBodyHash("seq", "root", members) != open);
  members = Members();
  members.pop_back();
  CHECK(*OpenEpochBodyHash("seq", "root", members) != open);

  DevicePublicKeys swapped = Keys();
  std::swap(swapped.sig_30, *swapped.sig_31);
  CHECK(AddDeviceBodyHash(swapped) != AddDeviceBodyHash(Keys()));
  CHECK(CreateBodyHash(Keys(), Filled<MacTag>(0x11)) != CreateBodyHash(Keys(), Filled<MacTag>(0x12)));
}

}  // namespace
}  // namespace labyrinth::crypto
