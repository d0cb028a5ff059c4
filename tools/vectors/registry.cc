#include "tools/vectors/registry.h"

#include <array>

namespace labyrinth::vectors {

std::span<const SectionRunner> AllSections() {
  static constexpr std::array kSections = {
      SectionRunner{"hkdf_sha256", RunHkdf},
      SectionRunner{"mac", RunMac},
      SectionRunner{"hchacha20", RunHChaCha20},
      SectionRunner{"aes_gcm_extended", RunAesGcmExtended},
      SectionRunner{"padding", RunPadding},
      SectionRunner{"x25519", RunX25519},
      SectionRunner{"hpke", RunHpke},
      SectionRunner{"xeddsa", RunXeddsa},
      SectionRunner{"ristretto255", RunRistretto},
      SectionRunner{"orf", RunOrf},
      SectionRunner{"devices", RunDevices},
  };
  return kSections;
}

}  // namespace labyrinth::vectors
