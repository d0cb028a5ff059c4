#include "client/transfer/export_fixture.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <zip.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace labyrinth::client {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string name = std::string(base != nullptr ? base : "/tmp") + "/transfer.XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = fs::canonical(name).string();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void WriteFile(const std::string& path, const std::string& bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  out.close();
  REQUIRE(out.good());
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, std::string> ReadTree(const std::string& root) {
  std::map<std::string, std::string> out;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      out[fs::relative(entry.path(), root).string()] = ReadFile(entry.path().string());
    }
  }
  return out;
}

void WriteZip(const std::string& path, const NamedFiles& files) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  REQUIRE(archive != nullptr);
  for (const auto& [name, bytes] : files) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    REQUIRE(source != nullptr);
    REQUIRE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
  }
  REQUIRE(zip_close(archive) == 0);
}

std::string ThreadJson(const std::string& title, const std::string& messages, const std::string& thread_path) {
  return fmt::format(
      R"({{"participants":[{{"name":"Ann"}},{{"name":"Bob"}}],"messages":[{}],"title":"{}","is_still_participant":true,)"
      R"("thread_path":"{}","magic_words":[]}})",
      messages, title, thread_path);
}

}  // namespace labyrinth::client
