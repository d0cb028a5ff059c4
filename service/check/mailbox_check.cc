#include "service/check/mailbox_check.h"

#include "service/mailbox/records.h"

namespace labyrinth::check {

namespace keys = storage::keys;

void MailboxCheck::Run() {
  CheckMembership();
  if (has_mailbox_) {
    CheckThreadIds();
    CheckThreads();
    CheckMessages();
    CheckMailboxTime();
    CheckExpiries();
    CheckActivities();
    CheckCounters();
    CheckVoidMarks();
    CheckFeed();
    CheckFeedOfMembership();
    CheckDeletionMarks();
    CheckLocations();
    CheckRequests();
    CheckWake();
  }
  CheckStrays();
  if (!stopped()) ++summary_.mailboxes;
}

void MailboxCheck::CheckStrays() {
  // The gaps between the tags of the schema.
  const std::pair<char, char> gaps[] = {{0x00, 0x01}, {0x0a, 0x10}, {0x13, 0x20}, {0x24, 0x30}, {0x35, 0x7f}};
  const auto nothing = [](const Moment&, const Row&, Wants&) {};
  const auto stray = [this](const Moment&, const Row& row) { Primary("row_of_no_table", row.key); };
  for (const auto& [first, last] : gaps) {
    Walk("rows_unreadable", std::string(1, first), std::string(1, last), nothing, stray);
  }
  Walk("rows_unreadable", std::string(1, 0x7f), std::string(8, '\xff'), nothing, stray);
}

}  // namespace labyrinth::check
