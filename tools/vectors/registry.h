// Which function runs which section of a file of known answers.
#ifndef LABYRINTH_TOOLS_VECTORS_REGISTRY_H_
#define LABYRINTH_TOOLS_VECTORS_REGISTRY_H_

#include <span>
#include <string_view>

#include "tools/vectors/section.h"

namespace labyrinth::vectors {

struct SectionRunner {
  std::string_view section;
  void (*run)(Section&);
};

// Every section that this build knows.
std::span<const SectionRunner> AllSections();

// hash_sections.cc
void RunHkdf(Section& section);
void RunMac(Section& section);
// aead_sections.cc
void RunHChaCha20(Section& section);
void RunAesGcmExtended(Section& section);
void RunPadding(Section& section);
// key_agreement_sections.cc
void RunX25519(Section& section);
void RunHpke(Section& section);
// signature_sections.cc
void RunXeddsa(Section& section);
void RunDevices(Section& section);
// group_sections.cc
void RunRistretto(Section& section);
void RunOrf(Section& section);
// sequence_sections.cc
void RunBase64SequenceIds(Section& section);
void RunPreviousSequenceId(Section& section);
// epoch_chain_section.cc
void RunEpochChain(Section& section);
// messages_section.cc
void RunMessages(Section& section);
// recovery_code_section.cc
void RunRecoveryCode(Section& section);
// virtual_device_section.cc
void RunVirtualDeviceSecrets(Section& section);
void RunMembershipLog(Section& section);
void RunEpochCommitments(Section& section);
void RunSessionStatements(Section& section);
void RunSignInChallenges(Section& section);
void RunVirtualDeviceChecks(Section& section);
void RunEnvelopes(Section& section);
void RunImportIds(Section& section);
void RunMessageVersions(Section& section);
void RunRecoveryCheckSymbols(Section& section);
// attachment_section.cc
void RunAttachmentReferences(Section& section);
void RunAttachmentContent(Section& section);
// cpace_section.cc
void RunCpace(Section& section);
// one_time_section.cc
void RunOneTimeCodes(Section& section);

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_REGISTRY_H_
