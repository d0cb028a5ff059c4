#include "crypto/statements/domains.h"

#include "crypto/primitives/xeddsa.h"

namespace labyrinth::crypto::domains {
namespace {

constexpr bool kOpen = true;    // something variable follows
constexpr bool kWhole = false;  // the label is all there is

constexpr Domain kDomains[] = {
    {Scope::kKdfInfo, kEpochChaining, kOpen},
    {Scope::kKdfInfo, kEpochRootKey, kWhole},
    {Scope::kKdfInfo, kEpochDataStorage, kOpen},
    {Scope::kKdfInfo, kEpochDevices, kOpen},
    {Scope::kKdfInfo, kMessageKeyInEpoch, kOpen},
    {Scope::kKdfInfo, kRecoveryCode, kOpen},
    {Scope::kKdfInfo, kOneTimeCodeKeys, kWhole},
    {Scope::kKdfInfo, kImportId, kWhole},
    {Scope::kKdfInfo, kAttachmentContent, kWhole},
    {Scope::kKdfInfo, kCommitment, kOpen},
    {Scope::kKdfInfo, kEnvelopeMarker, kWhole},
    {Scope::kMessageKeySuffix, kMessageVersion2Suffix, kWhole},
    {Scope::kMessageKeySuffix, kMessageVersion3Suffix, kOpen},
    {Scope::kMessageKeySuffix, kMessageVersion4Suffix, kOpen},
    {Scope::kServerKdfInfo, kServerChallenge, kWhole},
    {Scope::kServerKdfInfo, kServerSession, kWhole},
    {Scope::kServerKdfInfo, kServerPageToken, kWhole},
    {Scope::kServerKdfInfo, kServerTicket, kWhole},
    {Scope::kServerKdfInfo, kServerPseudonym, kWhole},
    {Scope::kServerKdfInfo, kServerAccount, kWhole},
    {Scope::kAssociatedData, kEpochMetadata, kWhole},
    {Scope::kAssociatedData, kEpochEntropy, kOpen},
    {Scope::kAssociatedData, kMessageThread, kOpen},
    {Scope::kAssociatedData, kOneTimeCodeBundle, kOpen},
    {Scope::kAssociatedData, kVirtualDeviceKey, kWhole},
    {Scope::kAssociatedData, kVirtualDeviceStorageKey, kWhole},
    {Scope::kAssociatedData, kVirtualDeviceOrfState, kWhole},
    {Scope::kAssociatedData, kVirtualDeviceRootSalt, kWhole},
    {Scope::kAssociatedData, kVirtualDeviceEpochRootKey, kWhole},
    {Scope::kAssociatedData, kVirtualDeviceSequence, kWhole},
    {Scope::kAssociatedData, kUploadTicket, kOpen},
    {Scope::kAssociatedData, kDownloadTicket, kOpen},
    {Scope::kHashPrefix, kLogHead, kOpen},
    {Scope::kHashPrefix, kVirtualDeviceCheck, kOpen},
    {Scope::kHashPrefix, kFingerprint, kOpen},
    {Scope::kOrfDomain, kAttachmentReference, kWhole},
    {Scope::kOrfDomain, kAttachmentOwner, kWhole},
    {Scope::kOrfDomain, kAttachmentIndex, kWhole},
    {Scope::kOrfDomain, kAttachmentMac, kWhole},
    {Scope::kStatement, kSession, kOpen},
    {Scope::kStatement, kOneTimeCode, kOpen},
    {Scope::kCpace, kCpace, kWhole},
    {Scope::kCpace, kCpaceSessionKey, kWhole},
    {Scope::kOneTimeCodeMac, kOneTimeCodeNewDevice, kOpen},
    {Scope::kOneTimeCodeMac, kOneTimeCodeOldDevice, kOpen},
};

constexpr UseByte Use(SignatureUse value, std::string_view use) { return {static_cast<unsigned char>(value), use}; }

constexpr UseByte kUseBytes[] = {
    Use(SignatureUse::kEpochStorageKey, "epochStorageKeyPub"),
    Use(SignatureUse::kEpochStorageAuthKey, "epochStorageAuthKeyPub"),
    Use(SignatureUse::kReservedByClientsInTheField, "reserved: used by clients in the field"),
    Use(SignatureUse::kSession, "session statement"),
    Use(SignatureUse::kLogEntry, "membership log entry"),
    Use(SignatureUse::kReservedWriterHead, "reserved: writer head"),
    Use(SignatureUse::kReservedRow, "reserved: row"),
    Use(SignatureUse::kReservedDepositKey, "reserved: deposit key"),
};

}  // namespace

std::span<const Domain> AllDomains() { return kDomains; }
std::span<const UseByte> AllUseBytes() { return kUseBytes; }

}  // namespace labyrinth::crypto::domains
