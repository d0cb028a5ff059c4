// A directory for one test.
#ifndef LABYRINTH_CLIENT_TESTING_TEMP_DIR_H_
#define LABYRINTH_CLIENT_TESTING_TEMP_DIR_H_

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace labyrinth::client::testing {

// Made under Bazel's folder for tests, removed with everything in it.
class TempDir {
 public:
  TempDir() {
    const char* base = getenv("TEST_TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/labyrinth-client-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) {
      std::perror("mkdtemp");
      std::abort();
    }
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_TESTING_TEMP_DIR_H_
