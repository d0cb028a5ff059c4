#include "client/sync/database.h"

#include <errno.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "client/sync/key_slots.h"

namespace labyrinth::client {
namespace {

absl::Status Refuse(std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("local history: {}", why));
}

// One process alone, so no shared-memory file; nothing outside of the file and its log.
constexpr char kPragmas[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  // SQLite would make it with the process's umask.
  const auto file = KeySlots::OpenPrivateFile(path);
  if (!file.ok()) return file.status();
  ::close(*file);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) return database->StatusOf(code);
  sqlite3_extended_result_codes(handle, 1);
  if (absl::Status s = database->Execute(kPragmas); !s.ok()) return s;
  return database;
}

absl::Status Database::Erase(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    if (::unlink((path + suffix).c_str()) != 0 && errno != ENOENT) {
      return Refuse(fmt::format("its file can't be removed: {}", strerror(errno)));
    }
  }
  return absl::OkStatus();
}

Database::~Database() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

absl::Status Database::StatusOf(int code) const {
  const int primary = code & 0xff;
  if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE) return absl::OkStatus();
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
    return absl::DataLossError("local history: its file is damaged: rebuild it from the server");
  }
  // SQLite's texts name tables and causes, never values.
  return Refuse(sqlite3_errstr(code));
}

absl::Status Database::Execute(const char* sql) {
  return StatusOf(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

int Database::changes() const { return sqlite3_changes(handle_); }

absl::Status Database::Scrub() { return Execute("PRAGMA wal_checkpoint(TRUNCATE)"); }

sqlite3_stmt* Database::Prepare(const char* sql, int& code) {
  sqlite3_stmt*& statement = prepared_[sql];
  if (statement == nullptr) {
    code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  }
  return statement;
}

Query::Query(Database& database, const char* sql) : database_(database), statement_(database.Prepare(sql, code_)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Int(int64_t value) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::Blob(std::string_view value) {
  // Never null: an empty blob is a value.
  const char* data = value.empty() ? "" : value.data();
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_TRANSIENT);
  return *this;
}

bool Query::Next() {
  if (code_ != SQLITE_OK && code_ != SQLITE_ROW) return false;
  code_ = sqlite3_step(statement_);
  return code_ == SQLITE_ROW;
}

absl::Status Query::Run() {
  while (Next()) {
  }
  return status();
}

absl::Status Query::status() const { return database_.StatusOf(code_); }

int64_t Query::IntAt(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::BlobAt(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

Transaction::~Transaction() {
  if (open_) (void)database_.Execute("ROLLBACK");
}

absl::Status Transaction::Begin() {
  absl::Status status = database_.Execute("BEGIN IMMEDIATE");
  open_ = status.ok();
  return status;
}

absl::Status Transaction::Commit() {
  absl::Status status = database_.Execute("COMMIT");
  if (status.ok()) open_ = false;
  return status;
}

}  // namespace labyrinth::client
