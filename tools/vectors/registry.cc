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
      SectionRunner{"base64_sequence_ids", RunBase64SequenceIds},
      SectionRunner{"previous_sequence_id_validation", RunPreviousSequenceId},
      SectionRunner{"devices", RunDevices},
      SectionRunner{"epoch_chain", RunEpochChain},
      SectionRunner{"messages", RunMessages},
      SectionRunner{"recovery_code", RunRecoveryCode},
      SectionRunner{"virtual_device_secrets", RunVirtualDeviceSecrets},
      SectionRunner{"membership_log", RunMembershipLog},
      SectionRunner{"epoch_commitments", RunEpochCommitments},
      SectionRunner{"session_statements", RunSessionStatements},
      SectionRunner{"sign_in_challenges", RunSignInChallenges},
      SectionRunner{"virtual_device_checks", RunVirtualDeviceChecks},
      SectionRunner{"envelopes", RunEnvelopes},
      SectionRunner{"import_ids", RunImportIds},
      SectionRunner{"message_versions", RunMessageVersions},
      SectionRunner{"attachment_references", RunAttachmentReferences},
      SectionRunner{"attachment_content", RunAttachmentContent},
      SectionRunner{"cpace", RunCpace},
      SectionRunner{"one_time_codes", RunOneTimeCodes},
      SectionRunner{"recovery_check_symbols", RunRecoveryCheckSymbols},
  };
  return kSections;
}

}  // namespace labyrinth::vectors
