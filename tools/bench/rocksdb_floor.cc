#include "tools/bench/rocksdb_floor.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "proto/storage/v1/records.pb.h"
#include "storage/rocksdb/layout.h"
#include "storage/rocksdb/tuning.h"
#include "storage/schema.h"

namespace labyrinth::bench {
namespace {

namespace keys = storage::keys;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

absl::Status ToStatus(const ::rocksdb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::UnavailableError("RocksDB: " + status.ToString());
}

// An open database and its families.
struct Database {
  ~Database() {
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    if (db != nullptr) db->Close();
  }

  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& dir, bool create, bool read_only) {
    auto database = std::make_unique<Database>();
    auto tuning = storage::MakeTuning({}, std::make_shared<::rocksdb::EventListener>());
    tuning.db.create_if_missing = create;
    tuning.db.create_missing_column_families = create;
    const std::vector<::rocksdb::ColumnFamilyDescriptor> families = {{storage::kRecordsFamily, tuning.records},
                                                                     {storage::kBlobsFamily, tuning.blobs}};
    ::rocksdb::DB* db = nullptr;
    if (read_only) tuning.db.max_open_files = -1;  // the server may remove a file while it is read
    const auto opened = read_only ? ::rocksdb::DB::OpenForReadOnly(tuning.db, dir, families, &database->families, &db)
                                  : ::rocksdb::DB::Open(tuning.db, dir, families, &database->families, &db);
    if (!opened.ok()) return ToStatus(opened);
    database->db.reset(db);
    return database;
  }

  std::unique_ptr<::rocksdb::DB> db;
  std::vector<::rocksdb::ColumnFamilyHandle*> families;
};

// One mailbox's rows, as SaveMessages would write them.
class Writer {
 public:
  Writer(const Payload& payload, uint64_t number, uint64_t threads)
      : payload_(payload), number_(number), threads_(threads) {
    head_.set_version(1);
    head_.set_mailbox_id(std::string(kIdBytes, 'm'));
    head_.set_create_ms(kFirstMs);
    head_.set_current_epoch_id(Mix(number));
    head_.set_log_count(1);
    head_.set_log_head(std::string(32, 'h'));
    head_.set_thread_count(static_cast<uint32_t>(threads));
  }

  // A commit of the next `count` messages.
  void Add(::rocksdb::WriteBatch& batch, int count) {
    storage_v1::FeedRecord feed;
    ++revision_;
    for (int i = 0; i < count; ++i) AddMessage(batch, feed, static_cast<uint32_t>(i));
    feed.set_writer_node(Mix(1));
    feed.set_writer_batch(revision_);
    feed.set_commit_ms(kFirstMs + static_cast<int64_t>(revision_));
    Put(batch, keys::Feed(revision_), feed);
    head_.set_message_count(next_);
    head_.set_used_bytes(next_ * kCiphertextBytes);
    Put(batch, keys::Head(), head_);
    const storage::PartitionRecord partition{number_, {1, revision_}, 0};
    batch.Put(storage::PartitionKey(std::to_string(number_)), storage::EncodePartitionRecord(partition));
  }

 private:
  void AddMessage(::rocksdb::WriteBatch& batch, storage_v1::FeedRecord& feed, uint32_t ordinal) {
    const uint64_t n = next_++;
    const auto thread = static_cast<uint32_t>(n % threads_ + 1);
    const storage::Place place{Payload::TimestampMs(n), revision_, ordinal};
    storage_v1::MessageRecord message;
    message.set_message_id(payload_.MessageId(n));
    message.set_epoch_id(head_.current_epoch_id());
    message.set_cipher_version(kCipherVersion);
    const std::string_view ciphertext = payload_.Ciphertext(n);
    message.set_ciphertext(ciphertext.data(), ciphertext.size());
    Put(batch, keys::Message(thread, place), message);
    storage_v1::ThreadNumber number;
    number.set_number(thread);
    Put(batch, keys::MailboxTime(place), number);
    storage_v1::MessageLocation location;
    location.set_thread_number(thread);
    SetPlace(place, *location.mutable_place());
    Put(batch, keys::MessageLocation(message.message_id()), location);
    storage_v1::ThreadRecord record;
    record.set_thread_id(payload_.ThreadId(thread));
    SetPlace(place, *record.mutable_newest());
    record.set_message_count(n / threads_ + 1);
    record.set_used_bytes(record.message_count() * kCiphertextBytes);
    Put(batch, keys::Thread(thread), record);
    // Its place in the list of threads.
    if (n >= threads_) batch.Delete(storage::RecordKey(number_, activity_[thread - 1]));
    activity_.resize(threads_);
    activity_[thread - 1] = keys::ThreadActivity(place, thread);
    batch.Put(storage::RecordKey(number_, activity_[thread - 1]), "\x08\x01");
    storage_v1::ChangeRecord& change = *feed.add_changes();
    change.set_kind(storage_v1::CHANGE_KIND_SAVED);
    change.set_thread_number(thread);
    change.mutable_place()->set_timestamp_ms(place.timestamp_ms);
  }
  static void SetPlace(const storage::Place& place, storage_v1::Place& out) {
    out.set_timestamp_ms(place.timestamp_ms);
    out.set_revision(place.revision);
    out.set_ordinal(place.ordinal);
  }
  template <typename Record>
  void Put(::rocksdb::WriteBatch& batch, const std::string& key, const Record& record) {
    record.SerializeToString(&value_);
    batch.Put(storage::RecordKey(number_, key), value_);
  }

  const Payload& payload_;
  const uint64_t number_;
  const uint64_t threads_;
  storage_v1::MailboxHead head_;
  std::vector<std::string> activity_;  // each thread's last key there
  uint64_t revision_ = 0;
  uint64_t next_ = 0;
  std::string value_;
};

class Floor final : public RocksdbFloor {
 public:
  Floor(std::unique_ptr<Database> database, const Payload& payload, uint64_t threads)
      : database_(std::move(database)), payload_(payload), threads_(threads) {}

  absl::StatusOr<double> Write(int mailboxes, int batch, double seconds) override {
    while (writers_.size() < static_cast<std::size_t>(mailboxes)) {
      writers_.emplace_back(payload_, writers_.size() + 1, threads_);
    }
    const auto start = Clock::now();
    uint64_t written = 0;
    while (SecondsSince(start) < seconds) {
      ::rocksdb::WriteBatch rows;
      for (int i = 0; i < mailboxes; ++i) writers_[static_cast<std::size_t>(i)].Add(rows, batch);
      const ::rocksdb::Status status = database_->db->Write(storage::SyncedWrite(), &rows);
      if (!status.ok()) return ToStatus(status);
      if (SecondsSince(start) < seconds) written += static_cast<uint64_t>(mailboxes) * static_cast<uint64_t>(batch);
    }
    return static_cast<double>(written) / seconds;
  }

 private:
  const std::unique_ptr<Database> database_;
  const Payload& payload_;
  const uint64_t threads_;
  std::vector<Writer> writers_;
};

// A range of a mailbox's rows, read as the engine reads it.
class Bounded {
 public:
  Bounded(uint64_t number, const keys::Range& range)
      : begin_(storage::RecordKey(number, range.begin)), end_(storage::RecordKey(number, range.end)) {}
  Bounded(const Bounded&) = delete;  // iterators point into it
  Bounded& operator=(const Bounded&) = delete;

  std::unique_ptr<::rocksdb::Iterator> Iterate(const Database& database, bool fill_cache = true) const {
    auto options = storage::CheckedRead();
    options.fill_cache = fill_cache;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    return std::unique_ptr<::rocksdb::Iterator>(database.db->NewIterator(options, database.families[0]));
  }

 private:
  const std::string begin_, end_;
  const ::rocksdb::Slice lower_{begin_}, upper_{end_};
};

class Scan final : public RocksdbScan {
 public:
  explicit Scan(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::Status FindMailbox(uint64_t count) {
    std::string bytes;
    const auto status = database_->db->Get({}, database_->families[0], storage::NextNumberKey(), &bytes);
    if (!status.ok()) return ToStatus(status);
    const uint64_t end = storage::DecodeNumber(bytes).value_or(1);
    for (number_ = 1; number_ < end; ++number_) {
      if (MessagesIn(number_) == count) return absl::OkStatus();
    }
    return absl::NotFoundError(fmt::format("no mailbox with {} messages in the store", count));
  }

  absl::StatusOr<double> Run(uint64_t count, bool fill_cache) override {
    const Bounded messages_of(number_, keys::Messages());
    const auto start = Clock::now();
    const std::unique_ptr<::rocksdb::Iterator> it = messages_of.Iterate(*database_, fill_cache);
    uint64_t messages = 0, bytes = 0;
    for (it->SeekToFirst(); it->Valid() && messages < count; it->Next()) {
      ++messages;
      bytes += it->value().size();
    }
    if (!it->status().ok()) return ToStatus(it->status());
    if (messages != count || bytes < messages * kCiphertextBytes) {
      return absl::DataLossError(fmt::format("a wrong answer: {} messages of {} bytes", messages, bytes));
    }
    return static_cast<double>(messages) / SecondsSince(start);
  }

  absl::StatusOr<double> Pages(int readers, uint32_t threads, int page_size, double seconds) override {
    const auto start = Clock::now();
    std::atomic<uint64_t> pages = 0;
    std::atomic<bool> wrong = false;
    std::vector<std::thread> running;
    for (int reader = 0; reader < readers; ++reader) {
      running.emplace_back([&, reader] {
        storage::LeaveOutCounts();
        for (uint64_t turn = static_cast<uint64_t>(reader) << 32; SecondsSince(start) < seconds && !wrong; ++turn) {
          const auto thread = static_cast<uint32_t>(Mix(turn) % threads + 1);
          if (ReadPage(thread, page_size) != page_size) wrong = true;
          if (SecondsSince(start) < seconds) ++pages;
        }
      });
    }
    for (std::thread& thread : running) thread.join();
    if (wrong) return absl::DataLossError("a wrong answer: not a page of messages");
    return static_cast<double>(pages.load()) / seconds;
  }

 private:
  // How many messages there are of so many.
  int ReadPage(uint32_t thread, int page_size) const {
    const Bounded messages_of(number_, keys::ThreadMessages(thread, 0, int64_t{1} << 48));
    const auto it = messages_of.Iterate(*database_);
    std::string page;
    page.reserve(static_cast<std::size_t>(page_size) * 2 * kCiphertextBytes);
    int messages = 0;
    for (it->SeekToFirst(); it->Valid() && messages < page_size; it->Next()) {
      if (it->value().size() < kCiphertextBytes) return -1;
      page.append(it->key().data(), it->key().size());
      page.append(it->value().data(), it->value().size());
      ++messages;
    }
    return it->status().ok() ? messages : -1;
  }

  uint64_t MessagesIn(uint64_t number) const {
    std::string bytes;
    const std::string key = storage::RecordKey(number, keys::Head());
    storage_v1::MailboxHead head;
    if (!database_->db->Get({}, database_->families[0], key, &bytes).ok() || !head.ParseFromString(bytes)) return 0;
    return head.message_count();
  }

  const std::unique_ptr<Database> database_;
  uint64_t number_ = 0;  // the mailbox's
};

}  // namespace

absl::StatusOr<std::unique_ptr<RocksdbFloor>> RocksdbFloor::Open(const std::string& dir, const Payload& payload,
                                                                 uint64_t threads) {
  auto database = Database::Open(dir, /*create=*/true, /*read_only=*/false);
  if (!database.ok()) return database.status();
  return std::make_unique<Floor>(*std::move(database), payload, threads);
}

absl::StatusOr<std::unique_ptr<RocksdbScan>> RocksdbScan::Open(const std::string& store_dir, uint64_t count) {
  auto database = Database::Open(store_dir + "/db", /*create=*/false, /*read_only=*/true);
  if (!database.ok()) return database.status();
  auto scan = std::make_unique<Scan>(*std::move(database));
  if (absl::Status found = scan->FindMailbox(count); !found.ok()) return found;
  return scan;
}

absl::StatusOr<uint64_t> CompactedBytes(const std::string& store_dir) {
  {
    auto database = Database::Open(store_dir + "/db", /*create=*/false, /*read_only=*/false);
    if (!database.ok()) return database.status();
    ::rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForceOptimized;
    for (auto* family : (*database)->families) {
      const auto status = (*database)->db->CompactRange(options, family, nullptr, nullptr);
      if (!status.ok()) return ToStatus(status);
    }
  }
  // Opening it once more removes what is obsolete, the log among it.
  if (auto again = Database::Open(store_dir + "/db", false, false); !again.ok()) return again.status();
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store_dir)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace labyrinth::bench
