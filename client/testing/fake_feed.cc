// The fake server's feed, downloads and deletes.
#include <algorithm>
#include <cstdio>
#include <set>

#include "client/testing/fake_server.h"
#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client::testing {
namespace {

const v1::Message* Find(const FakeStore& store, const std::string& message_id) {
  for (const v1::Message& message : store.messages) {
    if (message.message_id() == message_id) return &message;
  }
  return nullptr;
}

}  // namespace

void FakeStore::Commit(std::vector<v1::ChangeEntry> entries) {
  ++revision;
  std::set<std::string> named;
  for (const v1::ChangeEntry& entry : entries) named.insert(entry.message_id());
  named.erase("");
  for (v1::Change& change : feed) {
    auto& rows = *change.mutable_entries();
    rows.erase(std::remove_if(rows.begin(), rows.end(),
                              [&](const v1::ChangeEntry& entry) { return named.contains(entry.message_id()); }),
               rows.end());
  }
  std::erase_if(feed, [](const v1::Change& change) { return change.entries().empty(); });
  if (entries.empty()) return;
  v1::Change& change = feed.emplace_back();
  change.set_revision(revision);
  for (const v1::ChangeEntry& entry : entries) *change.add_entries() = entry;
}

bool FakeStore::RemoveMessage(const std::string& message_id) {
  if (std::erase_if(messages, [&](const auto& m) { return m.message_id() == message_id; }) == 0) return false;
  deleted.insert(message_id);
  return true;
}

void FakeStore::Expire(int64_t now_ms) {
  std::vector<v1::ChangeEntry> entries;
  for (const v1::Message& message : messages) {
    if (message.expire_ms() == 0 || message.expire_ms() > now_ms) continue;
    v1::ChangeEntry& entry = entries.emplace_back();
    entry.set_kind(v1::CHANGE_KIND_EXPIRED);
    entry.set_message_id(message.message_id());
  }
  for (const v1::ChangeEntry& entry : entries) RemoveMessage(entry.message_id());
  if (!entries.empty()) Commit(std::move(entries));
}

void FakeStore::Restore(const FakeStore& backup) {
  const uint64_t next = generation + 1;
  *this = FakeStore(backup);
  generation = next;
}

grpc::Status FakeServer::DeleteMessages(grpc::ServerContext* context, const v1::DeleteMessagesRequest* request,
                                        v1::DeleteMessagesResponse* response) {
  return Serve("DeleteMessages", [&]() -> absl::Status {
    const auto caller = Caller(context);
    if (!caller.ok()) return caller.status();
    std::vector<v1::ChangeEntry> entries;
    for (const std::string& id : request->message_ids()) {
      if (!store.RemoveMessage(id)) continue;
      v1::ChangeEntry& entry = entries.emplace_back();
      entry.set_kind(v1::CHANGE_KIND_DELETED);
      entry.set_message_id(id);
      entry.set_by_device_id(*caller);
    }
    for (const v1::AttachmentPoint& point : request->attachments()) store.deleted_points.push_back(point);
    response->set_deleted_count(static_cast<uint32_t>(entries.size()));
    if (!entries.empty()) store.Commit(std::move(entries));
    response->set_revision(store.revision);
    return absl::OkStatus();
  });
}

// Tokens say: which download, how many rows of it were passed, how many and how much was sent.
absl::Status FakeServer::NextOfDownload(const v1::DownloadHistoryRequest& request, v1::DownloadHistoryResponse* out) {
  unsigned long number = downloads_.size(), at = 0, done = 0, bytes = 0;
  if (request.resume_token().empty()) {
    Download& download = downloads_.emplace_back();
    v1::ListMessagesRequest query;
    query.set_thread_id(request.thread_id());
    download.rows = InOrder(query);
    std::stable_sort(download.rows.begin(), download.rows.end(),
                     [](const auto& a, const auto& b) { return a.thread_id() < b.thread_id(); });
    download.generation = store.generation;
    download.revision = store.revision;
  } else if (std::sscanf(request.resume_token().c_str(), "%lu:%lu:%lu:%lu", &number, &at, &done, &bytes) != 4 ||
             number >= downloads_.size() || downloads_[number].generation != store.generation) {
    return errors::PageTokenInvalid("download");
  }
  const Download& download = downloads_[number];
  uint64_t total_bytes = 0;
  for (const v1::Message& row : download.rows) total_bytes += row.ciphertext().size();
  for (int i = 0; i < rows_passed && at < download.rows.size() && out->messages_size() < page_size; ++i) {
    const v1::Message& row = download.rows[at++];
    const v1::Message* now = Find(store, row.message_id());
    if (now == nullptr || now->revision() != row.revision()) continue;
    *out->add_messages() = row;
    ++done;
    bytes += row.ciphertext().size();
  }
  out->set_total_count(download.rows.size());
  out->set_total_bytes(total_bytes);
  out->set_done_count(done);
  out->set_done_bytes(bytes);
  out->mutable_as_of()->set_generation(download.generation);
  out->mutable_as_of()->set_revision(download.revision);
  if (at == download.rows.size()) {
    out->set_vanished_count(download.rows.size() - done);
    out->set_vanished_bytes(total_bytes - bytes);
  } else {
    out->set_resume_token(std::to_string(number) + ":" + std::to_string(at) + ":" + std::to_string(done) + ":" +
                          std::to_string(bytes));
  }
  if (on_download) on_download(*out);
  return absl::OkStatus();
}

grpc::Status FakeServer::DownloadHistory(grpc::ServerContext* context, const v1::DownloadHistoryRequest* request,
                                         grpc::ServerWriter<v1::DownloadHistoryResponse>* writer) {
  v1::DownloadHistoryRequest next = *request;
  for (bool first = true;; first = false) {
    v1::DownloadHistoryResponse response;
    // The lock is given up between two responses, so that a client that waits for another call can go on.
    const grpc::Status served = Serve(first ? "DownloadHistory" : "DownloadHistory:more", [&]() -> absl::Status {
      if (auto caller = Caller(context); !caller.ok()) return caller.status();
      if (absl::Status s = before ? before("DownloadHistory:write") : absl::OkStatus(); !s.ok()) return s;
      return NextOfDownload(next, &response);
    });
    if (!served.ok()) return served;
    if (!writer->Write(response) || response.resume_token().empty()) return grpc::Status::OK;
    next.set_resume_token(response.resume_token());
  }
}

absl::Status FakeServer::Changes(const v1::Cursor& since, bool include_messages, int max_changes,
                                 v1::ListChangesResponse* out) {
  if (since.generation() != store.generation) return errors::StoreRestored(store.generation);
  if (since.revision() > store.revision) return errors::InvalidField("since", "beyond the head");
  if (since.revision() < store.feed_tail) return errors::ResyncRequired(store.feed_tail);
  uint64_t next = store.revision;
  int inlined = 0;
  for (const v1::Change& change : store.feed) {
    if (change.revision() <= since.revision()) continue;
    if (out->changes_size() == max_changes) {
      next = out->changes(max_changes - 1).revision();
      break;
    }
    v1::Change& copy = *out->add_changes();
    copy = change;
    for (v1::ChangeEntry& entry : *copy.mutable_entries()) {
      const bool has_message = entry.kind() == v1::CHANGE_KIND_SAVED || entry.kind() == v1::CHANGE_KIND_REPLACED;
      const v1::Message* message = has_message ? Find(store, entry.message_id()) : nullptr;
      if (include_messages && message != nullptr && inlined++ < inline_messages) *entry.mutable_message() = *message;
    }
  }
  out->mutable_next()->set_generation(store.generation);
  out->mutable_next()->set_revision(next);
  out->mutable_head()->set_generation(store.generation);
  out->mutable_head()->set_revision(store.revision);
  if (on_list_changes) on_list_changes(*out);
  return absl::OkStatus();
}

grpc::Status FakeServer::ListChanges(grpc::ServerContext* context, const v1::ListChangesRequest* request,
                                     v1::ListChangesResponse* response) {
  return Serve("ListChanges", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    return Changes(request->since(), request->include_messages(), page_size, response);
  });
}

grpc::Status FakeServer::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                               grpc::ServerWriter<v1::WatchResponse>* writer) {
  constexpr absl::Duration kLook = absl::Milliseconds(5);
  v1::Cursor since = request->since();
  bool told = false;
  absl::Status status = ([&] {
    absl::MutexLock lock(&mutex_);
    ++calls["Watch"];
    return before ? before("Watch") : absl::OkStatus();
  })();
  while (status.ok() && !context->IsCancelled()) {
    v1::ListChangesResponse changes;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) break;
      if (auto caller = Caller(context); !caller.ok()) status = caller.status();
      if (status.ok()) status = Changes(since, request->include_messages(), page_size, &changes);
      if (status.ok() && before && (changes.changes_size() > 0 || !told)) status = before("Watch:write");
    }
    if (!status.ok()) break;
    if (changes.changes_size() == 0 && told) {
      absl::SleepFor(kLook);
      continue;
    }
    v1::WatchResponse response;
    *response.mutable_changes() = changes.changes();
    *response.mutable_next() = changes.next();
    *response.mutable_head() = changes.head();
    told = changes.next().revision() == changes.head().revision();
    since = changes.next();
    if (!writer->Write(response)) break;
  }
  return ToGrpc(status);
}

}  // namespace labyrinth::client::testing
