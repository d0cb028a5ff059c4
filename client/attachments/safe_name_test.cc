#include "client/attachments/safe_name.h"

#include <catch2/catch.hpp>

#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

TEST_CASE("Ordinary names stay as they are") {
  for (const char* name : {"photo.jpg", "Café Zürich.pdf", "archive.tar.gz", "README", "a b.c"}) {
    CHECK(SafeFileName(name) == name);
  }
}

TEST_CASE("Hostile names become harmless") {
  const struct {
    std::string claimed;
    const char* safe;
  } cases[] = {
      {"", "file"},
      {".", "file"},
      {"..", "file"},
      {"/", "file"},
      {"../../etc/passwd", "passwd"},
      {"..\\..\\windows\\system.ini", "system.ini"},
      {"/etc/shadow", "shadow"},
      {"a/", "file"},
      {".bashrc", "bashrc"},
      {"...", "file"},
      {" . . x", "x"},
      {"name. . ", "name"},
      {std::string("a\0b.txt", 7), "ab.txt"},
      {"a\nb\x1b[2J.txt", "ab[2J.txt"},
      {"gpj.\u202eexe", "gpj.exe"},
      {"a:b*c?\"<>|.txt", "abc.txt"},
      {"CON", "file-CON"},
      {"nul.txt", "file-nul.txt"},
      {"Com7.log", "file-Com7.log"},
      {"\xff\xfe", "file"},
  };
  for (const auto& c : cases) {
    INFO(Printable(c.claimed));
    CHECK(SafeFileName(c.claimed) == c.safe);
  }
}

TEST_CASE("Long names are cut between characters and keep their extension") {
  std::string claimed;
  for (int i = 0; i < 100; ++i) claimed += "ü";
  const std::string safe = SafeFileName(claimed + ".jpeg");
  CHECK(safe.size() <= 120);
  CHECK(safe.ends_with("ü.jpeg"));
  CHECK(IsValidUtf8(safe));
  CHECK(SafeFileName(std::string(500, '.') + std::string(500, 'x')).size() == 120);
}

TEST_CASE("A number goes before the extension") {
  CHECK(NumberedFileName("photo.jpg", 2) == "photo-2.jpg");
  CHECK(NumberedFileName("README", 10) == "README-10");
}

}  // namespace
}  // namespace labyrinth::client
