// A lost disk, as an operator and two people live through it on their command lines.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/served_programs.h"

namespace labyrinth::tests {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using client::ReadFile;
using client::WriteFile;
using nlohmann::json;

struct Fixture : ServedPrograms {
  std::string Told(std::vector<std::string> arguments) { return MustCtl(std::move(arguments), "text"); }
  void Refused(std::vector<std::string> arguments, const std::string& why) {
    const ProgramResult result = Ctl(std::move(arguments), "text");
    CHECK(result.exit_code == 3);
    CHECK_THAT(result.err, Contains(why));
  }
};

TEST_CASE(
    "backup, loss and restore on the command line: who was removed stays out, and nothing is lost that a copy has") {
  Fixture f;
  const std::string backups = f.home / "backups", data = f.home / "data", lost = f.home / "lost";
  f.MustClient("laptop", {"init"});
  f.MustClient("laptop", {"send", "Holiday", "before the backup"});
  f.MustClient("laptop", {"recovery", "create", "--to", f.home / "code"});
  f.MustClient("phone", {"join", "--code-file", f.home / "code"});
  CHECK_THAT(f.Told({"backup", "create", backups}), Contains("backup 1.1"));

  std::string phone;
  const json devices = f.MustClient("laptop", {"devices"});
  for (const json& device : devices["devices"]) {
    if (device["this_device"] == false && device["kind"] != "recovery_code") phone = device["handle"];
  }
  f.MustClient("laptop", {"revoke", phone, "--yes"});
  f.MustClient("laptop", {"send", "Holiday", "after the backup"});
  f.MustClient("laptop", {"sync"});

  CHECK_THAT(f.Told({"backup", "list", backups}), Contains("1.1"));
  CHECK_THAT(f.Told({"backup", "verify", backups}), Contains("1 backups"));
  f.Refused({"backup", "restore", backups, "--to", data}, "not empty");  // the server lives there
  f.server->Kill();
  fs::rename(data, lost);
  f.Refused({"backup", "restore", backups, "--to", data}, "--without-journal");
  CHECK(f.Ctl({"backup", "restore", backups, "--to", data, "--without-journal"}).exit_code == 2);  // not without --yes
  fs::create_directories(data);
  fs::copy_file(lost + "/revocations.journal", data + "/revocations.journal");
  const std::string restored = f.Told({"backup", "restore", backups, "--to", data});
  CHECK_THAT(restored, Contains("1 devices removed again"));
  f.Start();

  const ProgramResult thief = f.Client("phone", {"threads"});
  CHECK(thief.exit_code == 6);
  CHECK_THAT(thief.err, Contains("DEVICE_REVOKED"));
  const ProgramResult told = f.Client("laptop", {"sync"});
  CHECK(told.exit_code == 3);
  CHECK_THAT(told.err, Contains("STORE_RESTORED"));
  const json accepted = f.MustClient("laptop", {"accept-restore"});
  CHECK(accepted["log_entries"] < accepted["log_entries_before"]);
  CHECK(accepted["removed_devices_back"] == 1);
  CHECK(f.MustClient("laptop", {"sync", "--save-lacking"})["saved_again"] == 1);
  CHECK_THAT(f.Client("laptop", {"read", "Holiday"}).out,
             Contains("before the backup") && Contains("after the backup"));
  f.MustClient("laptop", {"verify"});
  CHECK(f.Client("phone", {"threads"}).exit_code == 6);
  CHECK(f.Ctl({"check"}).exit_code == 0);
  CHECK_THAT(f.Told({"backup", "create", backups, "--full", "--keep", "1"}), Contains("backup 2.1"));
}

TEST_CASE("a damaged backup is named, and is no success") {
  Fixture f;
  const std::string backups = f.home / "backups";
  f.MustClient("laptop", {"init"});
  f.Told({"backup", "create", backups});
  std::string victim;
  for (const auto& entry : fs::recursive_directory_iterator(backups + "/set-1/private")) {
    if (entry.path().extension() == ".log") victim = entry.path().string();
  }
  REQUIRE_FALSE(victim.empty());
  std::string bytes = ReadFile(victim);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(victim, bytes);
  const ProgramResult found = f.Ctl({"backup", "verify", backups}, "text");
  CHECK(found.exit_code == 1);
  CHECK_THAT(found.out, Contains(victim));
  const ProgramResult refused = f.Ctl(
      {"backup", "restore", backups, "--to", f.home / "new", "--journal", f.home / "data/revocations.journal"}, "text");
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, Contains(victim));
  CHECK(f.Ctl({"backup", "list", f.home / "nowhere"}).exit_code == 3);
  CHECK(f.Ctl({"backup", "restore", backups, "--to", f.home / "new", "--backup", "x"}).exit_code == 2);
  CHECK(f.Ctl({"backup", "create", f.home / "data"}).exit_code == 3);  // holds other things
  for (const std::string rate : {"-1", "1048577", "18446744073709551615"}) {
    CHECK(f.Ctl({"backup", "create", backups, "--rate", rate}).exit_code == 2);
    CHECK(f.Ctl({"backup", "verify", backups, "--rate", rate}).exit_code == 2);
    CHECK(f.Ctl({"verify", "--rate", rate}).exit_code == 2);
  }
}

}  // namespace
}  // namespace labyrinth::tests
