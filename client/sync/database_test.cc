#include "client/sync/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "client/testing/temp_dir.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

std::unique_ptr<Database> MustOpen(const std::string& path) {
  auto database = Database::Open(path);
  INFO(std::string(database.status().message()));
  REQUIRE(database.ok());
  return *std::move(database);
}

TEST_CASE("A database is a private file and keeps what was committed") {
  TempDir dir;
  const std::string path = dir.path("a.db");
  {
    auto database = MustOpen(path);
    REQUIRE(database->Execute("CREATE TABLE t(a INTEGER, b BLOB)").ok());
    REQUIRE(Query(*database, "INSERT INTO t VALUES (?, ?)").Int(7).Blob(std::string("\0x", 2)).Run().ok());
    Transaction dropped(*database);
    REQUIRE(dropped.Begin().ok());
    REQUIRE(Query(*database, "INSERT INTO t VALUES (?, ?)").Int(8).Blob("").Run().ok());
  }
  auto database = MustOpen(path);
  Query query(*database, "SELECT a, b FROM t");
  REQUIRE(query.Next());
  CHECK(query.IntAt(0) == 7);
  CHECK(query.BlobAt(1) == std::string("\0x", 2));
  CHECK_FALSE(query.Next());
  CHECK(query.status().ok());
  for (const auto& entry : fs::directory_iterator(dir.path(""))) {
    struct stat info;
    REQUIRE(::stat(entry.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 077) == 0);
  }
}

TEST_CASE("Files that aren't one's own database are refused") {
  TempDir dir;
  const std::string path = dir.path("a.db");
  SECTION("open to others") {
    std::ofstream(path) << "";
    fs::permissions(path, fs::perms(0644));
    CHECK(absl::IsFailedPrecondition(Database::Open(path).status()));
  }
  SECTION("a link") {
    fs::create_symlink(dir.path("elsewhere"), path);
    CHECK(absl::IsFailedPrecondition(Database::Open(path).status()));
    CHECK_FALSE(fs::exists(dir.path("elsewhere")));
  }
  SECTION("a folder") {
    fs::create_directory(path);
    CHECK_FALSE(Database::Open(path).ok());
  }
  SECTION("something else") {
    std::ofstream(path) << std::string(8192, 'x');
    fs::permissions(path, fs::perms(0600));
    CHECK(absl::IsDataLoss(Database::Open(path).status()));
    CHECK(Database::Erase(path).ok());
    CHECK(Database::Open(path).ok());
  }
}

}  // namespace
}  // namespace labyrinth::client
