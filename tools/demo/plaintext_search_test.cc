#include "tools/demo/plaintext_search.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace labyrinth::demo {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = std::string(std::getenv("TEST_TMPDIR")) + "/searchXXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("a needle is found at the start, in the middle, at the end and over others") {
  PlaintextSearch search;
  REQUIRE(search.Add("first needle"));
  REQUIRE(search.Add("first needle, longer"));
  REQUIRE(search.Add("last one"));
  REQUIRE(search.Add("never there"));
  CHECK(search.Add("last one"));
  CHECK(search.size() == 4);
  Folder folder;
  folder.Write("a", std::string("first needle") + std::string(3, '\0') + "xxlast one");
  folder.Write("b", "..first needle, longer");
  const auto result = search.Search({folder.path()});
  REQUIRE(result.ok());
  CHECK(result->found_needles == 3);
  CHECK(result->files == 2);
}

TEST_CASE("what can't be searched is an error, and short needles are refused") {
  PlaintextSearch search;
  CHECK_FALSE(search.Add("seven77"));
  CHECK(search.size() == 0);
  CHECK_FALSE(search.Search({"/nonexistent/folder"}).ok());
}

}  // namespace
}  // namespace labyrinth::demo
