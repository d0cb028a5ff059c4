// Files on the client's command line, against the server's own program over a store on disk.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crypto/primitives/seeded_random.h"
#include "tests/cli/served_programs.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::ReadFile;
using client::WriteFile;
using nlohmann::json;

constexpr std::size_t kMiB = 1024 * 1024;

std::string Content(std::size_t size) { return crypto::SeededRandom(11).Bytes(size); }

struct Fixture : ServedPrograms {
  // The most memory that the server has held so far.
  long ServerPeakKib() {
    std::ifstream status("/proc/" + std::to_string(server->pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    }
    FAIL("no VmHWM");
    return 0;
  }
};

TEST_CASE("What one device sends along, another reads and exports, until it is removed") {
  Fixture f;
  const std::string small = "hello", large = Content(5 * kMiB + 123);
  WriteFile(f.home / "note.txt", small);
  WriteFile(f.home / "photo.jpg", large);
  f.MustClient("laptop", {"init"});
  f.MustClient("laptop",
               {"send", "Holiday", "look", "--attach", f.home / "note.txt", "--attach", f.home / "photo.jpg"});
  f.MustClient("laptop", {"recovery", "create", "--to", f.home / "code"});
  f.MustClient("phone", {"join", "--code-file", f.home / "code"});

  f.server->Kill();  // what was acknowledged is on the disk
  f.Start();
  for (const std::string profile : {"laptop", "phone"}) {
    const std::string folder = f.home / ("saved by " + profile);
    CHECK(f.MustClient(profile, {"read", "Holiday", "--save-attachments", folder})["saved_attachments"] == 2);
    CHECK(ReadFile(folder + "/note.txt") == small);
    CHECK(ReadFile(folder + "/photo.jpg") == large);
  }
  CHECK(f.MustClient("phone", {"export", f.home / "export"})["attachments"] == 2);
  const auto threads = std::filesystem::directory_iterator(f.home / "export/threads");
  const json line = json::parse(ReadFile(begin(threads)->path()));
  CHECK(ReadFile(f.home / ("export/" + line["attachments"][1]["file"].get<std::string>())) == large);

  std::string phone;
  const json devices = f.MustClient("phone", {"devices"});
  for (const json& device : devices["devices"]) {
    if (device["this_device"]) phone = device["handle"];
  }
  f.MustClient("laptop", {"revoke", phone, "--yes"});
  const ProgramResult refused = f.Client("phone", {"read", "Holiday", "--save-attachments", f.home / "none"});
  CHECK(refused.exit_code == 6);
  CHECK_FALSE(std::filesystem::exists(f.home / "none/photo.jpg"));
  CHECK(f.MustClient("laptop", {"read", "Holiday", "--save-attachments", f.home / "again"})["saved_attachments"] == 2);

  // Nothing of a file, of its name or of the text is in the server's store or log.
  for (const auto& [name, bytes] : client::ReadTree(f.home / "data")) {
    for (const std::string& plain : {large.substr(0, 64), std::string("photo.jpg"), std::string("Holiday")}) {
      INFO(name);
      CHECK(bytes.find(plain) == std::string::npos);
    }
  }
  CHECK(ReadFile(f.home / "log").find("photo") == std::string::npos);
}

// By a MiB at a time: what this process ever held would count as the peak of those that it starts (run_program.h).
void WriteLarge(const std::string& path, std::size_t mib) {
  std::ofstream out(path, std::ios::binary);
  for (std::size_t i = 0; i < mib; ++i) out << crypto::SeededRandom(i).Bytes(kMiB);
  REQUIRE(out.flush());
}
bool IsLarge(const std::string& path, std::size_t mib) {
  std::ifstream in(path, std::ios::binary);
  std::string part(kMiB, 0);
  for (std::size_t i = 0; i < mib; ++i) {
    if (!in.read(part.data(), kMiB) || part != crypto::SeededRandom(i).Bytes(kMiB)) return false;
  }
  return in.peek() == std::ifstream::traits_type::eof();
}

// On demand: neither side's memory follows the file's size. It prints the numbers.
TEST_CASE("The largest file goes both ways in the memory that a small one takes", "[.][large]") {
  Fixture f;
  f.MustClient("laptop", {"init"});
  struct Peaks {
    long send_kib, read_kib, server_kib;
  };
  const auto measure = [&](const std::string& name, std::size_t mib) {
    const std::string folder = f.home / ("saved " + name);
    WriteLarge(f.home / name, mib);
    const ProgramResult sent = f.Client("laptop", {"send", name, "look", "--attach", f.home / name});
    REQUIRE(sent.exit_code == 0);
    const ProgramResult read = f.Client("laptop", {"read", name, "--save-attachments", folder});
    REQUIRE(read.exit_code == 0);
    CHECK(IsLarge(folder + "/" + name, mib));
    const Peaks peaks{sent.peak_kib, read.peak_kib, f.ServerPeakKib()};
    WARN(name << ": send " << peaks.send_kib << " KiB, read " << peaks.read_kib << " KiB, server so far "
              << peaks.server_kib << " KiB");
    return peaks;
  };
  const Peaks small = measure("1 MiB", 1), half = measure("50 MiB", 50), full = measure("100 MiB", 100),
              again = measure("another 100 MiB", 100);
  constexpr long kRoomKib = 16 * 1024;
  CHECK(full.send_kib < small.send_kib + kRoomKib);
  CHECK(full.read_kib < small.read_kib + kRoomKib);
  // The store's own buffers fill up first.
  CHECK(again.server_kib < full.server_kib + kRoomKib);
  CHECK(full.server_kib < half.server_kib + 2 * kRoomKib);
}

}  // namespace
}  // namespace labyrinth::tests
