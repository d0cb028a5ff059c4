// SQLite as one private file of one process.
#ifndef LABYRINTH_CLIENT_SYNC_DATABASE_H_
#define LABYRINTH_CLIENT_SYNC_DATABASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace labyrinth::client {

// A database file of mode 0600 that this process alone uses. Little is left of what was deleted: freed space is
// overwritten, nothing is spilled into temporary files, and Scrub empties the write-ahead log; only copies that page
// splits left behind can stay, so what must be gone is sealed (key_slots.h). A commit is atomic; a crash of the machine
// may lose the newest ones, never a part of one.
//
// Errors: DATA_LOSS for a damaged file, FAILED_PRECONDITION with SQLite's reason for any other. Thread-compatible.
class Database {
 public:
  // Makes the file if it is missing. FAILED_PRECONDITION for a link, another type or owner, or a file that others can
  // reach; DATA_LOSS for one that is no database.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  // The file with everything beside it that SQLite makes. OK if there is none.
  static absl::Status Erase(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One or several statements without results.
  absl::Status Execute(const char* sql);
  // Rows changed by the last statement.
  int changes() const;
  // Makes every commit durable and empties the write-ahead log, so that what it held of deleted rows goes.
  absl::Status Scrub();

 private:
  friend class Query;
  explicit Database(sqlite3* handle) : handle_(handle) {}
  absl::Status StatusOf(int code) const;
  // Prepared once; `sql` is a literal.
  sqlite3_stmt* Prepare(const char* sql, int& code);

  sqlite3* const handle_;
  std::map<const char*, sqlite3_stmt*> prepared_;
};

// One run of a statement: bind in order, then Next or Run. Thread-compatible; borrows the database.
class Query {
 public:
  Query(Database& database, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Int(int64_t value);
  Query& Blob(std::string_view value);

  // True while there is a row; false at the end, and after an error, which `status` tells.
  bool Next();
  absl::Status Run();
  absl::Status status() const;

  int64_t IntAt(int column) const;
  std::string BlobAt(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
  int code_ = 0;
};

// All or nothing: rolled back unless committed. Thread-compatible; borrows the database.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  absl::Status Begin();
  absl::Status Commit();

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SYNC_DATABASE_H_
