#include <fmt/format.h>

#include "crypto/primitives/hash.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {

using crypto::Secret;

// Outputs are consecutive slices of one expand.
void RunHkdf(Section& section) {
  section.ForEach("vectors", [](Fields& f) {
    constexpr uint64_t kMostBytes = 255 * 32;
    const Secret ikm = f.SecretOf("ikm");
    const std::string salt = f.HexOrNull("salt").value_or("");
    const std::string info = f.Hex("info");
    const std::vector<uint64_t> lengths = f.Integers("lengths");
    const std::vector<std::string> outputs = f.HexList("outputs");
    uint64_t size = 0;
    for (uint64_t length : lengths) {
      if (length > kMostBytes - size) return f.Fail("lengths", "over HKDF-SHA256's 8160 bytes");
      size += length;
    }
    if (lengths.empty() || lengths.size() != outputs.size()) return f.Fail("outputs", "not one for each length");

    const Secret all = crypto::Kdf(ikm, salt, info, size);
    std::size_t at = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string_view slice = all.RevealSecret().substr(at, lengths[i]);
      f.Check(slice == outputs[i], fmt::format("outputs[{}]: differs", i));
      at += lengths[i];
    }
    // The same with the salt as a secret, and the form that cuts two keys.
    f.Check(crypto::Kdf(ikm, Secret::CopyOf(salt), info, size).RevealSecret() == all.RevealSecret(),
            "a secret salt gives another key");
    if (lengths == std::vector<uint64_t>{32, 32}) {
      const auto [first, second] = crypto::KdfTwoKeys(ikm, salt, info);
      f.Check(first.RevealSecret() == outputs[0] && second.RevealSecret() == outputs[1], "two keys: differ");
    }
  });
}

void RunMac(Section& section) {
  section.ForEach("vectors", [](Fields& f) {
    const Secret key = f.SecretOf("key");
    const std::string data = f.Hex("data");
    f.Expect("mac", crypto::Mac(data, key).view());
    f.Check(crypto::VerifyMac(data, key, f.Hex("mac")), "mac: doesn't verify");
    f.Check(crypto::MacWithPublicKey(data, key.RevealSecret()) == crypto::Mac(data, key), "a public key: differs");
  });
}

}  // namespace labyrinth::vectors
