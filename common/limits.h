// Every bound that the server enforces, with its unit and reason. An input over a limit is refused with LIMIT_EXCEEDED
// and the limit's name and value, and nothing is stored.
#ifndef LABYRINTH_COMMON_LIMITS_H_
#define LABYRINTH_COMMON_LIMITS_H_

#include <cstdint>

namespace labyrinth::limits {

// Bytes of one encrypted message: text and small previews; anything larger is an attachment.
inline constexpr uint32_t kMessageBytes = 256 * 1024;

// One SaveMessages call. The bytes keep a call well below gRPC's 4 MiB default and a commit below the sequencer's cap.
inline constexpr uint32_t kSaveBatchMessages = 100;
inline constexpr uint32_t kSaveBatchBytes = 2 * 1024 * 1024;

// One page of messages. The server may return fewer: a page stops before it passes kPageBytes.
inline constexpr uint32_t kPageItems = 500;
inline constexpr uint32_t kPageItemsDefault = 50;
inline constexpr uint32_t kPageBytes = 3 * 1024 * 1024;
inline constexpr uint32_t kGetMessages = 100;
// One DeleteMessages call: messages, and attachments of theirs.
inline constexpr uint32_t kDeleteMessages = 100;

// The change feed. A page of changes is one engine read of rows and a second one of what they lead to; beyond
// kChangeMessageBytes of ciphertext the entries come without their messages.
inline constexpr uint32_t kChanges = 500;
inline constexpr uint32_t kChangesDefault = 50;
inline constexpr uint32_t kChangeMessageBytes = 1024 * 1024;
// How long a deletion is remembered: how long a device may be away and still follow the feed, or try to save again what
// others have deleted.
inline constexpr int64_t kTombstoneMs = int64_t{90} * 24 * 3600 * 1000;
// How long a feed row stays as it was written.
inline constexpr int64_t kFeedSettleMs = int64_t{3600} * 1000;
// How late a mailbox may be woken, so that what comes due one after the other is done together: to sweep what has
// expired (nobody sees it any more by then), and to forget what was remembered for long.
inline constexpr int64_t kExpirySlackMs = 10 * 60 * 1000;
inline constexpr int64_t kUpkeepSlackMs = int64_t{6} * 3600 * 1000;
// How often a watch tells its head when nothing happens.
inline constexpr int64_t kWatchHeadMs = 30 * 1000;
// Ciphertext in one response of a download.
inline constexpr uint32_t kDownloadBytes = 1024 * 1024;

// Opaque ids made by clients. They stand in index keys, so they are short; 1 is the least.
inline constexpr uint32_t kAccountIdBytes = 256;
inline constexpr uint32_t kThreadIdBytes = 128;
inline constexpr uint32_t kMessageIdBytes = 64;

// Active devices of one mailbox, virtual ones included: each costs an entropy in every epoch.
inline constexpr uint32_t kDevices = 32;

// A device's name, sealed by clients.
inline constexpr uint32_t kSealedLabelBytes = 512;

// One sealed secret of a virtual device: 32-byte keys and short numbers, padded and encrypted.
inline constexpr uint32_t kVirtualDeviceSecretBytes = 256;

// Protocol section 8.
inline constexpr uint32_t kLogEntryBytes = 512;
inline constexpr uint32_t kCommitmentBytes = 256;
// Entries of one OpenEpoch. More than kDevices: removals that nobody signed pile up until a member rotates. Each costs
// a signature's verification.
inline constexpr uint32_t kLogEntriesPerEpoch = 1024;

// One member's encrypted entropy: 1 + 32 + 32 + 16 bytes and padding (protocol section 1, HPKE).
inline constexpr uint32_t kEncryptedEntropyBytes = 256;

// An epoch's encrypted previous secrets, each.
inline constexpr uint32_t kEncryptedPreviousBytes = 256;

// The highest epoch sequence id: fits the 32-bit field of log entries with room for arithmetic.
inline constexpr uint32_t kEpochSequence = 0x7fffffff;

// Per mailbox, unless the operator sets another quota.
inline constexpr uint64_t kQuotaBytes = uint64_t{5} * 1024 * 1024 * 1024;
inline constexpr uint64_t kQuotaMessages = 10'000'000;

// Message times and expiries, Unix milliseconds: from 0 to the year 9999, so that no arithmetic on them overflows.
inline constexpr int64_t kTimestampMs = 253'402'300'799'999;

// How long a request id answers with its first result.
inline constexpr int64_t kRequestIdTtlMs = int64_t{30} * 24 * 3600 * 1000;

// Sign-in (protocol section 9).
inline constexpr int64_t kChallengeTtlMs = 30 * 1000;
inline constexpr int64_t kSessionTtlMs = 15 * 60 * 1000;
inline constexpr int64_t kFreshSignInMs = 5 * 60 * 1000;
inline constexpr uint32_t kAccountTokenBytes = 8 * 1024;
// Answered challenges that a node remembers until they expire: 2,000 sign-ins a second for 30 seconds, about 8 MiB.
inline constexpr uint32_t kUsedChallenges = 60'000;

// Wrong recovery codes of one account on one node: a person with a list of codes has a few tries, a guesser of 170 bits
// none.
inline constexpr uint32_t kVirtualDeviceMisses = 10;
inline constexpr int64_t kVirtualDeviceMissWindowMs = int64_t{3600} * 1000;
// Accounts whose misses a node remembers: about 10 MiB.
inline constexpr uint32_t kMissCounters = 100'000;

// One-time codes (protocol section 4): how long a new device waits for a member's consent, how long the two have from
// there on, and how often the code may be tried: three guesses at six digits.
inline constexpr int64_t kEnrollmentWaitMs = 5 * 60 * 1000;
inline constexpr int64_t kEnrollmentTtlMs = 5 * 60 * 1000;
inline constexpr uint32_t kEnrollmentRuns = 3;
// One payload: group elements, MACs, and a bundle of keys with a signed log entry, of about 1 KiB. Messages of one
// enrolment: three whole runs take 14, the rest is for entries that go stale.
inline constexpr uint32_t kEnrollmentPayloadBytes = 4 * 1024;
inline constexpr uint32_t kEnrollmentMessages = 32;
// Enrolments opened for one account within the time that one can last at most; and of all accounts on one node, with
// what the open ones may hold together: a usual one holds 3 KiB.
inline constexpr uint32_t kEnrollmentsPerAccount = 5;
inline constexpr int64_t kEnrollmentWindowMs = kEnrollmentWaitMs + kEnrollmentTtlMs;
inline constexpr uint32_t kEnrollments = 4096;
inline constexpr uint32_t kEnrollmentBytes = 16 * 1024 * 1024;
// Streams of each kind that one device, or one enrolment's new device, may hold: reconnecting leaves dead ones behind.
inline constexpr uint32_t kStreamsPerCaller = 3;
// Streams of one node. One that watches enrolments or changes costs next to nothing while nothing happens: 10,000
// devices and room for reconnecting. A download holds a response, as much again in gRPC's hands, and the next one's
// rows.
inline constexpr uint32_t kEnrollmentWatches = 4096;
inline constexpr uint32_t kWatches = 16 * 1024;
inline constexpr uint32_t kHistoryDownloads = 64;

// Attachments (protocol section 7): the unit of upload, download and storage. A stream holds one, whatever the file's
// size.
inline constexpr uint32_t kAttachmentChunkBytes = 256 * 1024;
// A ticket is some 110 to 160 bytes; anything longer isn't ours.
inline constexpr uint32_t kAttachmentTicketBytes = 256;
// Ciphertext of the largest attachment: a file of 100 MiB, padded (protocol section 1: 100 MiB stays 100 MiB), with its
// 4-byte length, and a tag of 16 bytes for each of its 1601 segments of 64 KiB (crypto/labyrinth/attachment.h).
inline constexpr uint64_t kAttachmentBytes = uint64_t{100} * 1024 * 1024 + 4 + 1601 * 16;
inline constexpr uint32_t kAttachmentSealedNameBytes = 512;
// An upload's ticket travels with the message, and a recipient that was away for a month must still be able to attach.
inline constexpr int64_t kUploadTicketTtlMs = int64_t{30} * 24 * 3600 * 1000;
inline constexpr int64_t kDownloadTicketTtlMs = 60 * 1000;
// Two years from the last download; renewed when a month of it has been used up.
inline constexpr uint32_t kAttachmentLeaseDays = 730;
inline constexpr uint32_t kAttachmentRenewalDays = 30;
// How long a reference may be announced in its blob's set without having been written.
inline constexpr int64_t kAttachmentDanglingMs = int64_t{24} * 3600 * 1000;
// How long what was taken out of use keeps its row: longer than any call that may still work on it.
inline constexpr int64_t kAttachmentGraceMs = int64_t{3600} * 1000;
// New uploads of one mailbox on one node in an hour: an album, not a disk.
inline constexpr int64_t kUploadWindowMs = int64_t{3600} * 1000;
inline constexpr uint32_t kUploadsPerHour = 1000;
inline constexpr uint64_t kUploadBytesPerHour = uint64_t{20} * 1024 * 1024 * 1024;
// Streams of one node. Each holds one chunk, and as much again in gRPC's hands: 64 MiB at most each way.
inline constexpr uint32_t kUploadStreams = 128;
inline constexpr uint32_t kDownloadStreams = 128;
// Of these, one mailbox's.
inline constexpr uint32_t kDownloadStreamsPerMailbox = 8;
// All open streams of attachments, among them uploads that haven't shown a ticket yet: next to nothing each.
inline constexpr uint32_t kAttachmentStreams = 4096;
// What a caller who found no free stream is told to wait.
inline constexpr int64_t kStreamRetryMs = 1000;
// A stream that moves no chunk for so long gives its place to others: 256 KiB in a minute is 35 kbit/s.
inline constexpr int64_t kStreamStallMs = 60 * 1000;

// One commit of the sequencer.
inline constexpr uint32_t kCommitOperations = 256;
inline constexpr uint32_t kCommitBytes = 4 * 1024 * 1024;

}  // namespace labyrinth::limits

#endif  // LABYRINTH_COMMON_LIMITS_H_
