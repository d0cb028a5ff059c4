#include <algorithm>
#include <iterator>

#include "service/check/finding.h"

namespace labyrinth::check {
namespace {

struct Text {
  std::string_view name;
  std::string_view text;
};

// In the order of the alphabet.
constexpr Text kTexts[] = {
    {"activities_unreadable", "the index of threads by their newest message can't be read"},
    {"back_reference_unreadable", "an entry of a blob's set of references isn't one"},
    {"back_reference_without_blob", "a blob's set without the blob"},
    {"back_reference_without_reference", "a blob counts a reference that isn't there"},
    {"back_references_unreadable", "blobs' sets of references can't be read"},
    {"blob_bytes_missing", "an attachment's bytes are not all there"},
    {"blob_bytes_unreadable", "an attachment's bytes can't be read"},
    {"blob_unreadable", "a blob's record isn't one"},
    {"blobs_unreadable", "blobs' records can't be read"},
    {"current_epoch_wrong", "the head names another epoch than the newest"},
    {"deletion_mark_missing", "nothing says when a deletion may be forgotten"},
    {"deletion_mark_stray", "a time to forget a deletion that isn't there"},
    {"deletion_marks_unreadable", "the ages of deletions can't be read"},
    {"deletion_without_tombstone", "a message that the feed tells was deleted is there"},
    {"device_key_missing", "a device's key isn't in the index of keys"},
    {"device_key_of_two_devices", "two devices have one key"},
    {"device_key_stray", "a key of no device"},
    {"device_key_wrong", "the index of keys says another device"},
    {"device_unlike_roster", "a device is active or revoked, and the roster says otherwise"},
    {"device_unreadable", "a device's record isn't one"},
    {"due_mark_missing", "nothing says when to look after an attachment's row"},
    {"due_mark_stray", "a time to look after a row that isn't due then"},
    {"due_marks_unreadable", "the index of what is due can't be read"},
    {"epoch_beyond_current", "an epoch newer than the current one"},
    {"epoch_missing", "an epoch isn't there"},
    {"epoch_of_unknown_device", "an epoch's opener isn't there"},
    {"epoch_unreadable", "an epoch's record isn't one"},
    {"expiries_unreadable", "the index of expiring messages can't be read"},
    {"expiry_mark_missing", "a disappearing message isn't in the index of what expires"},
    {"expiry_mark_stray", "the expiry of a message that isn't there, or expires at another time"},
    {"feed_lacks_membership", "the feed doesn't tell of a device or an epoch"},
    {"feed_lacks_message", "the feed doesn't tell of a message: devices that follow it miss it"},
    {"feed_of_unknown_membership", "the feed tells of a device or an epoch that isn't there"},
    {"feed_repeats_membership", "the feed tells of a device or an epoch twice"},
    {"feed_row_incomplete", "a row of the feed lacks what every row has"},
    {"feed_row_unreadable", "a row of the feed isn't one"},
    {"feed_unreadable", "the feed can't be read"},
    {"head_counters_wrong", "the mailbox's counters aren't the sums of its threads'"},
    {"head_missing", "rows without a head"},
    {"head_unreadable", "the head isn't one"},
    {"location_missing", "a message isn't found by its id"},
    {"location_unreadable", "what an id leads to can't be told"},
    {"location_without_message", "an id leads to a message that isn't there: perhaps one was lost"},
    {"location_wrong", "an id leads elsewhere than to its message"},
    {"locations_unreadable", "the index of ids can't be read"},
    {"log_entry_beyond_head", "an entry of the membership log that the head doesn't count"},
    {"log_entry_invalid", "an entry of the membership log doesn't follow from those before it"},
    {"log_entry_missing", "an entry of the membership log isn't there"},
    {"log_entry_unreadable", "an entry of the membership log isn't one"},
    {"log_head_wrong", "the head of the membership log isn't the hash of its entries"},
    {"log_of_other_epoch", "the membership log ends at another epoch than the current one"},
    {"log_unlike_roster", "the membership log and the roster name different devices"},
    {"member_missing", "an active device or an opener isn't a member of its epoch"},
    {"member_of_no_epoch", "a member of an epoch that isn't there"},
    {"member_unreadable", "a member's record isn't one"},
    {"membership_unreadable", "devices, epochs or the log can't be read"},
    {"message_unreadable", "a message's record isn't one"},
    {"message_with_tombstone", "a message is there that its id says was deleted"},
    {"messages_unreadable", "messages can't be read"},
    {"messages_without_thread", "messages of a thread whose id is lost"},
    {"orf_scalar_lost", "an active device's ORF scalar isn't there"},
    {"orf_scalar_stray", "an ORF scalar of no active device"},
    {"reference_count_wrong", "a blob's count isn't the size of its set"},
    {"reference_unreadable", "a reference's record isn't one"},
    {"reference_without_blob", "a reference leads to a blob that doesn't know of it, or isn't there"},
    {"references_unreadable", "references can't be read"},
    {"request_age_missing", "nothing says when a request id may be forgotten"},
    {"request_age_stray", "a time to forget a request id that isn't there"},
    {"request_ages_unreadable", "the ages of request ids can't be read"},
    {"request_unreadable", "a request's record isn't one"},
    {"requests_unreadable", "request ids can't be read"},
    {"roster_of_unknown_device", "the roster names a device that isn't there"},
    {"roster_out_of_order", "the roster's devices aren't in their order"},
    {"roster_unreadable", "the roster isn't one"},
    {"row_of_no_table", "a row of a kind that this version doesn't know"},
    {"rows_unreadable", "rows of no known kind, or of the server's own, can't be read"},
    {"sealed_secrets_lost", "a recovery code's sealed secrets aren't there"},
    {"sealed_secrets_stray", "sealed secrets of no active recovery code"},
    {"store_file_damaged", "a file's bytes fail their checksums"},
    {"thread_activity_missing", "a thread isn't in the list of threads"},
    {"thread_activity_stray", "the list of threads has one at a message that isn't its newest"},
    {"thread_count_low", "a thread's number is above the highest that was given out"},
    {"thread_counters_wrong", "a thread's counters aren't those of its messages"},
    {"thread_id_missing", "a thread isn't found by its id"},
    {"thread_id_stray", "a thread's id leads to no thread of that id"},
    {"thread_id_unreadable", "what a thread's id leads to can't be told"},
    {"thread_id_wrong", "a thread's id leads to another thread"},
    {"thread_ids_unreadable", "the index of threads' ids can't be read"},
    {"thread_missing", "a thread's record isn't there"},
    {"thread_newest_wrong", "a thread's record names another newest message"},
    {"thread_unreadable", "a thread's record isn't one"},
    {"thread_without_messages", "a thread's record is left, and no message"},
    {"threads_unreadable", "threads can't be read"},
    {"time_index_missing", "a message isn't in the mailbox's index by time"},
    {"time_index_stray", "the index by time leads to a message that isn't there"},
    {"time_index_unreadable", "the index by time can't be read"},
    {"time_index_wrong", "the index by time leads to another thread"},
    {"tombstone_missing", "a deletion that the feed tells of has no tombstone: its message could be saved again"},
    {"tombstone_without_deletion", "a tombstone that the feed doesn't tell of: it would stay for ever"},
    {"two_messages_with_one_id", "two messages have one id"},
    {"void_mark_missing", "an entry of the feed that isn't true any more, and is never taken out"},
    {"void_mark_stray", "an entry of the feed would be taken out that is true, or isn't there"},
    {"void_mark_unreadable", "a mark of what is to be taken out of the feed isn't one"},
    {"void_marks_unreadable", "what is to be taken out of the feed can't be read"},
    {"wake_time_differs", "the engine wakes the mailbox at another time than its head says"},
    {"wake_time_late", "something falls due before the wake time"},
};

static_assert(std::is_sorted(std::begin(kTexts), std::end(kTexts),
                             [](const Text& a, const Text& b) { return a.name < b.name; }));

}  // namespace

std::string_view Explain(std::string_view name) {
  const auto found = std::find_if(std::begin(kTexts), std::end(kTexts), [&](const Text& t) { return t.name == name; });
  return found == std::end(kTexts) ? std::string_view() : found->text;
}

}  // namespace labyrinth::check
