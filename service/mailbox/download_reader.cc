#include "service/mailbox/download_reader.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/errors.h"
#include "common/limits.h"
#include "crypto/statements/codec.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Direction;

namespace {

// Of what a resume token seals.
constexpr uint8_t kStateVersion = 1;

// Threads whose ids are read at a time, so that one read serves a part of small threads and many parts of large ones.
constexpr uint32_t kThreadsPerRead = 1024;
constexpr uint32_t kAllThreads = std::numeric_limits<uint32_t>::max();

// state = version u8 || as_of u64 || totals u64 u64 || done u64 u64 || lv(last key)
std::string EncodeState(const DownloadProgress& progress, std::string_view last_key) {
  std::string state;
  crypto::AppendU8(state, kStateVersion);
  crypto::AppendU64(state, progress.as_of);
  crypto::AppendU64(state, progress.total_count);
  crypto::AppendU64(state, progress.total_bytes);
  crypto::AppendU64(state, progress.done_count);
  crypto::AppendU64(state, progress.done_bytes);
  crypto::AppendLv(state, last_key);
  return state;
}

bool DecodeState(std::string_view state, DownloadProgress& progress, std::string& last_key) {
  crypto::ByteReader reader(state);
  if (reader.U8() != kStateVersion) return false;
  progress.as_of = reader.U64();
  progress.total_count = reader.U64();
  progress.total_bytes = reader.U64();
  progress.done_count = reader.U64();
  progress.done_bytes = reader.U64();
  last_key = std::string(reader.Lv(storage::kMaxKeyBytes));
  return reader.AtEnd();
}

// Whether the thread still has the number that was looked up: one that was emptied, and used again, has another.
bool IsNumbered(const std::optional<std::string>& row, uint32_t number) {
  const auto found = row.has_value() ? ParseRecord<storage_v1::ThreadNumber>(*row) : storage_v1::ThreadNumber();
  return found.ok() && found->number() == number;
}

absl::Status SetTotals(const MemberView& view, const std::optional<std::string>* thread, DownloadProgress& progress) {
  progress.as_of = view.position.revision;
  if (thread == nullptr) {
    progress.total_count = view.head.message_count();
    progress.total_bytes = view.head.used_bytes();
    return absl::OkStatus();
  }
  if (!thread->has_value()) return absl::OkStatus();
  const auto record = ParseRecord<storage_v1::ThreadRecord>(**thread);
  if (!record.ok()) return record.status();
  progress.total_count = record->message_count();
  progress.total_bytes = record->used_bytes();
  return absl::OkStatus();
}

}  // namespace

struct PartAhead {
  DownloadPart part;
  Download after;
  storage::Position position;  // at which it was read
  int64_t expire_ms = 0;       // of the first message of it that does; 0: none does
};

// The part comes, is gone on from and is taken once each, on any threads; the last in that order. Thread-safe.
class PartToCome {
 public:
  using Taker = absl::AnyInvocable<void(absl::StatusOr<PartAhead>) &&>;
  using Follower = absl::AnyInvocable<void(PartAhead&) &&>;

  void Put(absl::StatusOr<PartAhead> part) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (follow_.has_value() && part.ok()) std::move (*follow_)(*part);
      if (!take_.has_value()) {
        part_ = std::move(part);
        return;
      }
    }
    std::move (*take_)(std::move(part));
  }

  // `follow` begins what comes after the part, once it is there; it is called under the lock. Not after Take().
  void Follow(Follower follow) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    if (!part_.has_value()) {
      follow_ = std::move(follow);
    } else if (part_->ok()) {
      std::move(follow)(**part_);
    }
  }

  void Take(Taker take) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (!part_.has_value()) {
        take_ = std::move(take);
        return;
      }
    }
    std::move(take)(*std::move(part_));
  }

 private:
  absl::Mutex mutex_;
  // Of Put() and Take(), whoever comes second moves out what the first has left.
  std::optional<absl::StatusOr<PartAhead>> part_;
  std::optional<Taker> take_;
  std::optional<Follower> follow_;
};

absl::StatusOr<Download> DownloadReader::Open(const Caller& caller, std::string thread_id,
                                              const std::string& resume_token) const {
  Download download;
  download.caller = caller;
  download.query = QueryHash("DownloadHistory").Add(thread_id).Done();
  download.thread_id = std::move(thread_id);
  const absl::StatusOr<std::string> state = tokens_.Open(caller, download.query, resume_token);
  if (!state.ok()) return state.status();
  if (state->empty()) return download;
  if (!DecodeState(*state, download.progress, download.last_key)) return errors::PageTokenInvalid("of another version");
  if (const auto last = keys::ParseMessage(download.last_key)) download.threads_from = last->thread_number;
  return download;
}

void DownloadReader::Next(Download& download, absl::Time deadline, Reply<DownloadPart> done) const {
  if (const auto ahead = std::exchange(download.ahead, nullptr)) {
    return ahead->Take([this, &download, deadline, done = std::move(done)](absl::StatusOr<PartAhead> part) mutable {
      if (!part.ok()) return ReadPart(download, deadline, std::move(done));
      ConfirmAhead(download, deadline, *std::move(part), std::move(done));
    });
  }
  if (!download.thread_id.empty() && download.thread_number == 0) {
    return FindThread(download, deadline, std::move(done));
  }
  ReadPart(download, deadline, std::move(done));
}

void DownloadReader::ReadAhead(Download& download, absl::Time deadline, const Prepare& prepare) const {
  if (download.ahead == nullptr) download.ahead = BeginAhead(download, deadline, prepare);
  download.ahead->Follow([reader = *this, deadline, prepare](PartAhead& ahead) {
    const bool last = ahead.part.resume_token.empty();
    if (!last) ahead.after.ahead = reader.BeginAhead(ahead.after, deadline, prepare);
  });
}

// The task keeps to what is its own: whoever downloads may have given up meanwhile.
std::shared_ptr<PartToCome> DownloadReader::BeginAhead(Download download, absl::Time deadline, Prepare prepare) const {
  auto ahead = std::make_shared<PartToCome>();
  executor_.Post(
      [reader = *this, ahead, after = std::move(download), deadline, prepare = std::move(prepare)]() mutable {
        MemberReadRequest read = after.NextRead(deadline);
        MemberRead(reader.engine_, std::move(read),
                   [reader, ahead, after = std::move(after),
                    prepare = std::move(prepare)](absl::StatusOr<MemberView> view) mutable {
                     if (!view.ok()) return ahead->Put(view.status());
                     ahead->Put(reader.MakeAhead(std::move(after), *view, prepare));
                   });
      });
  return ahead;
}

absl::StatusOr<PartAhead> DownloadReader::MakeAhead(Download after, MemberView& view, const Prepare& prepare) const {
  if (!after.IsIn(view)) return absl::NotFoundError("another thread by now");
  auto part = TakePart(after, view);
  if (!part.ok()) return part.status();
  PartAhead made{*std::move(part), std::move(after), view.position};
  for (const MessageView& message : made.part.messages) {
    const int64_t expire_ms = message.record.expire_ms();
    if (expire_ms != 0 && (made.expire_ms == 0 || expire_ms < made.expire_ms)) made.expire_ms = expire_ms;
  }
  made.part.prepared = prepare(made.part);
  return made;
}

void DownloadReader::ConfirmAhead(Download& download, absl::Time deadline, PartAhead ahead,
                                  Reply<DownloadPart> done) const {
  MemberReadRequest standing{download.caller, Access::kDevice, {}, {}, deadline};
  MemberRead(engine_, std::move(standing),
             [this, &download, deadline, ahead = std::move(ahead),
              done = std::move(done)](absl::StatusOr<MemberView> now) mutable {
               if (!now.ok()) return std::move(done)(now.status());
               if (now->position != ahead.position || IsExpired(ahead.expire_ms, now->head, clock_.NowMs())) {
                 return ReadPart(download, deadline, std::move(done));
               }
               download = std::move(ahead.after);
               std::move(done)(std::move(ahead.part));
             });
}

void DownloadReader::FindThread(Download& download, absl::Time deadline, Reply<DownloadPart> done) const {
  MemberReadRequest read{download.caller, Access::kDevice, {keys::ThreadById(download.thread_id)}, {}, deadline};
  MemberRead(engine_, std::move(read),
             [this, &download, deadline, done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               if (!view->values[0].has_value()) {
                 if (download.progress.as_of == 0) download.progress.as_of = view->position.revision;
                 return std::move(done)(Finish(download, /*more=*/false, {}));
               }
               const auto number = ParseRecord<storage_v1::ThreadNumber>(*view->values[0]);
               if (!number.ok()) return std::move(done)(number.status());
               download.thread_number = number->number();
               ReadPart(download, deadline, std::move(done));
             });
}

MemberReadRequest Download::NextRead(absl::Time deadline) const {
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  const bool whole = thread_number == 0;
  if (!whole) read.keys = {keys::Thread(thread_number), keys::ThreadById(thread_id)};
  keys::Range range = whole ? keys::Messages() : keys::ThreadMessages(thread_number, 0, kEndOfTime);
  read.scans.push_back(ScanFrom(std::move(range), Direction::kForward, last_key, kAllThreads));
  read.scans.back().max_bytes = limits::kDownloadBytes;
  read.scans.back().bulk = true;
  if (whole && threads_from != 0) {
    read.scans.push_back(ScanFrom(keys::ThreadsFrom(threads_from), Direction::kForward, {}, kThreadsPerRead));
  }
  return read;
}

void DownloadReader::ReadPart(Download& download, absl::Time deadline, Reply<DownloadPart> done) const {
  MemberRead(engine_, download.NextRead(deadline),
             [this, &download, deadline, done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               if (!download.IsIn(*view)) return FindThread(download, deadline, std::move(done));
               std::move(done)(TakePart(download, *view));
             });
}

bool Download::IsIn(const MemberView& view) const {
  return thread_number == 0 || IsNumbered(view.values[1], thread_number);
}

const std::string* Download::ThreadId(uint32_t number) const {
  if (thread_number != 0) return &thread_id;
  if (threads == nullptr) return nullptr;
  const auto thread = threads->find(number);
  return thread == threads->end() ? nullptr : &thread->second;
}

absl::StatusOr<DownloadPart> DownloadReader::TakePart(Download& download, MemberView& view) const {
  if (download.progress.as_of == 0) {
    const auto* thread = view.values.empty() ? nullptr : &view.values[0];
    if (const absl::Status status = SetTotals(view, thread, download.progress); !status.ok()) return status;
  }
  if (view.pages.size() > 1) {
    auto threads = std::make_shared<Download::ThreadIds>();
    download.threads_from = 0;
    for (const storage::Row& row : view.pages[1].items) {
      const auto number = keys::ParseThread(row.key);
      if (!number.has_value()) return errors::DataDamaged("thread key");
      auto record = ParseRecord<storage_v1::ThreadRecord>(row.value);
      if (!record.ok()) return record.status();
      (*threads)[*number] = std::move(*record->mutable_thread_id());
      download.threads_through = *number;
    }
    download.threads = std::move(threads);
    if (!view.pages[1].more) download.threads_through = kAllThreads;
  }
  DownloadPart part;
  const absl::StatusOr<bool> more = TakeRows(download, view, part);
  if (!more.ok()) return more.status();
  return Finish(download, *more, std::move(part));
}

absl::StatusOr<bool> DownloadReader::TakeRows(Download& download, MemberView& view, DownloadPart& part) const {
  DownloadProgress& progress = download.progress;
  const int64_t now_ms = clock_.NowMs();
  const std::vector<storage::Row>& rows = view.pages[0].items;
  part.messages.reserve(rows.size());
  std::shared_ptr<const ThreadRows> keeper;  // of the messages of the thread with this number
  uint32_t number = 0;
  for (const storage::Row& row : rows) {
    const auto key = keys::ParseMessage(row.key);
    if (!key.has_value()) return errors::DataDamaged("message key");
    if (download.thread_number == 0 && key->thread_number > download.threads_through) {
      download.threads_from = key->thread_number;
      return true;
    }
    download.last_key = row.key;
    if (key->place.revision > progress.as_of) continue;
    const auto record = MessageRow::Parse(row.value);
    if (!record.ok()) return record.status();
    if (record->replace_revision() > progress.as_of || IsExpired(record->expire_ms(), view.head, now_ms)) continue;
    if (keeper == nullptr || key->thread_number != number) {
      number = key->thread_number;
      const std::string* const thread_id = download.ThreadId(number);
      if (thread_id == nullptr) return errors::DataDamaged("a message's thread");
      keeper = std::make_shared<const ThreadRows>(ThreadRows{*thread_id, view.pages[0].bytes});
    }
    ++progress.done_count;
    progress.done_bytes += record->ciphertext().size();
    part.messages.push_back({key->place, *record, keeper});
  }
  return view.pages[0].more;
}

absl::StatusOr<DownloadPart> DownloadReader::Finish(const Download& download, bool more, DownloadPart part) const {
  part.progress = download.progress;
  if (more) {
    auto token = tokens_.Seal(download.caller, download.query, EncodeState(download.progress, download.last_key));
    if (!token.ok()) return token.status();
    part.resume_token = *std::move(token);
    return part;
  }
  const DownloadProgress& progress = part.progress;
  if (progress.done_count > progress.total_count || progress.done_bytes > progress.total_bytes) {
    return errors::DataDamaged("a mailbox's counters");
  }
  return part;
}

}  // namespace labyrinth::mailbox
