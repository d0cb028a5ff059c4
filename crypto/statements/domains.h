// Every domain string, info string, use byte and label of the protocol, in one table.
//
// Two uses that share a string under one key could be exchanged for each other, so no code spells a label itself: it
// takes the constant, and domains_test proves that no two rows of a scope coincide or, where a variable part follows,
// that none begins another. Numbers in brackets are sections of docs/PROTOCOL.md.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_DOMAINS_H_
#define LABYRINTH_CRYPTO_STATEMENTS_DOMAINS_H_

#include <span>
#include <string_view>

namespace labyrinth::crypto::domains {

// kdf(): info strings.
inline constexpr std::string_view kEpochChaining = "epoch_chaining_";  // [3] + prevSequenceID + "_" + prevEpochID
inline constexpr std::string_view kEpochRootKey = "epoch_root_key";    // [3]
inline constexpr std::string_view kEpochDataStorage = "epoch_data_storage_";  // [3] + b64(sequence)
inline constexpr std::string_view kEpochDevices = "epoch_devices_";           // [3] + b64(sequence)
inline constexpr std::string_view kMessageKeyInEpoch =
    "message_key_in_epoch_";  // [6] + sequence + one of the next three
inline constexpr std::string_view kMessageVersion2Suffix = "cipher_version_2";  // [6] no underscore: as printed
inline constexpr std::string_view kMessageVersion3Suffix = "_cipher_version_3_thread_";  // [6] + threadId
inline constexpr std::string_view kMessageVersion4Suffix = "_cipher_version_4_thread_";  // [6] + threadId
inline constexpr std::string_view kRecoveryCode =
    "BackupRecoveryCode_v";  // [4] + version + "_" + identifier + "_" + user
inline constexpr std::string_view kOneTimeCodeKeys = "labyrinth_otc_v1";            // [4]
inline constexpr std::string_view kImportId = "labyrinth_import_id";                // [6]
inline constexpr std::string_view kAttachmentContent = "labyrinth_att_content_v1";  // [7] ours: attachment.h
inline constexpr std::string_view kCommitment = "labyrinth_log_";                   // [8] + b64(sequence)
inline constexpr std::string_view kEnvelopeMarker = "labyrinth_envelope_v1";  // [6] ours: crypto/labyrinth/envelope.h

// kdf() under the server's own key: one label each [9].
inline constexpr std::string_view kServerChallenge = "labyrinth_server_challenge_v1";
inline constexpr std::string_view kServerSession = "labyrinth_server_session_v1";
inline constexpr std::string_view kServerPageToken = "labyrinth_server_page_token_v1";
inline constexpr std::string_view kServerTicket = "labyrinth_server_ticket_v1";
inline constexpr std::string_view kServerPseudonym = "labyrinth_server_pseudonym_v1";
inline constexpr std::string_view kServerAccount = "labyrinth_server_account_v1";  // names of partitions

// encrypt() and pk_encrypt(): associated data.
inline constexpr std::string_view kEpochMetadata =
    "epoch_data_metadata";                                             // [3] two values share it: see epoch.h's check
inline constexpr std::string_view kEpochEntropy = "epoch__";           // [3] + sequence
inline constexpr std::string_view kMessageThread = "message_thread_";  // [6] + threadId
inline constexpr std::string_view kOneTimeCodeBundle = "labyrinth_otc_bundle";                            // [4] + T
inline constexpr std::string_view kVirtualDeviceKey = "virtual_device:virtual_device_private_key";        // [4]
inline constexpr std::string_view kVirtualDeviceStorageKey = "virtual_device:epoch_storage_private_key";  // [4]
inline constexpr std::string_view kVirtualDeviceOrfState = "virtual_device:ocmf_client_state";            // [4]
inline constexpr std::string_view kVirtualDeviceRootSalt = "virtual_device:mailbox_root_key";             // [4]
inline constexpr std::string_view kVirtualDeviceEpochRootKey = "virtual_device:epoch_root_key";           // [4]
inline constexpr std::string_view kVirtualDeviceSequence = "virtual_device:epoch_anon_id";                // [4]
// As above, under the server's ticket key: followed by the store's generation [7].
inline constexpr std::string_view kUploadTicket = "labyrinth_upload_ticket_v1";
inline constexpr std::string_view kDownloadTicket = "labyrinth_download_ticket_v1";

// SHA-256 prefixes.
inline constexpr std::string_view kLogHead = "labyrinth_log_v1";                    // [8]
inline constexpr std::string_view kVirtualDeviceCheck = "labyrinth_vdevice_check";  // [4]
inline constexpr std::string_view kFingerprint = "labyrinth_fingerprint_v1";        // [8]

// The ORF's domains [7], which are HMAC keys: the client's map, then the server's.
inline constexpr std::string_view kAttachmentReference = "labyrinth_att_ref";
inline constexpr std::string_view kAttachmentOwner = "labyrinth_att_own";
inline constexpr std::string_view kAttachmentIndex = "labyrinth_att_index";
inline constexpr std::string_view kAttachmentMac = "labyrinth_att_mac";

// Signed and exchanged statements.
inline constexpr std::string_view kSession = "labyrinth/session/v1";  // [9] followed by 0x00
inline constexpr std::string_view kOneTimeCode = "labyrinth/otc/v1";  // [4] CPace's CI, as lv

// CPace's own (draft-irtf-cfrg-cpace, CPACE-RISTR255-SHA512), length-prefixed where they are hashed.
inline constexpr std::string_view kCpace = "CPaceRistretto255";                // [4] G.DSI
inline constexpr std::string_view kCpaceSessionKey = "CPaceRistretto255_ISK";  // [4] G.DSI || "_ISK"

// mac() under a one-time code's keys: + T.
inline constexpr std::string_view kOneTimeCodeNewDevice = "N";  // [4] by the new device, under cN
inline constexpr std::string_view kOneTimeCodeOldDevice = "O";  // [4] by the old device, under cO

// Bytes with a meaning of their own.
inline constexpr std::string_view kDeviceKeyPrefix{"\xff\x01", 2};  // [3] before deviceKeyPub in MACs
inline constexpr char kLogEntryVersion = 0x01;                      // [8]
inline constexpr char kCommitmentVersion = 0x01;                    // [8]
inline constexpr char kEnvelopeVersion = 0x01;                      // [6] ours
inline constexpr char kOneTimeCodeBundleVersion = 0x01;             // [4] ours

// Where a label stands: labels of different scopes feed different functions or keys.
enum class Scope {
  kKdfInfo,
  kMessageKeySuffix,
  kServerKdfInfo,
  kAssociatedData,
  kHashPrefix,
  kOrfDomain,
  kStatement,
  kCpace,
  kOneTimeCodeMac,
};

struct Domain {
  Scope scope;
  std::string_view label;
  bool open_ended;  // something variable follows
};

// Every label above.
std::span<const Domain> AllDomains();

// A use byte of pk_sign and what it signs; the values are crypto::SignatureUse's.
struct UseByte {
  unsigned char value;
  std::string_view use;
};
std::span<const UseByte> AllUseBytes();

}  // namespace labyrinth::crypto::domains

#endif  // LABYRINTH_CRYPTO_STATEMENTS_DOMAINS_H_
