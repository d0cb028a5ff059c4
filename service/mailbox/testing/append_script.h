// The simplest operation whose every run shows: each appends to one row.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_APPEND_SCRIPT_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_APPEND_SCRIPT_H_

#include <string>
#include <utility>

#include "service/mailbox/testing/function_operation.h"
#include "storage/schema.h"

namespace labyrinth::mailbox::testing {

inline std::string AppendedKey() { return storage::keys::Thread(1); }

// Appends `text` to the text at AppendedKey(), making the mailbox if there is none. Twice applied, it stands there
// twice; decided on an old moment, it loses another's.
inline Script Append(std::string text) {
  Script script;
  script.needs = {AppendedKey()};
  script.decide = [text = std::move(text)](Transaction& txn) -> absl::Status {
    auto row = txn.Get<storage_v1::ThreadRecord>(AppendedKey());
    if (!row.ok()) return row.status();
    storage_v1::ThreadRecord record = row->value_or(storage_v1::ThreadRecord());
    record.set_thread_id(record.thread_id() + text);
    txn.Put(AppendedKey(), record);
    txn.mutable_head().set_version(storage::kSchemaVersion);
    return absl::OkStatus();
  };
  return script;
}

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_APPEND_SCRIPT_H_
