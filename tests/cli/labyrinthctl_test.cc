// The operator's command line, against the server's own program over a store on disk.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/served_programs.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::ReadFile;
using client::TempFolder;
using client::WriteFile;
using nlohmann::json;

constexpr char kOperator[] = "tools/labyrinthctl/labyrinthctl";

struct Fixture : ServedPrograms {
  json Ok(std::vector<std::string> arguments) { return json::parse(MustCtl(std::move(arguments))); }
};

TEST_CASE("an operator sees a server, a mailbox and its devices, sets a quota, and cuts a device off") {
  Fixture f;
  f.MustClient("laptop", {"init"});
  f.MustClient("laptop", {"send", "Holiday", "a text that nobody else may read"});
  f.MustClient("laptop", {"recovery", "create", "--to", f.home / "code"});
  f.MustClient("phone", {"join", "--code-file", f.home / "code"});

  const json status = f.Ok({"status"});
  CHECK(status["ready"] == true);
  CHECK(status["dev"] == true);
  CHECK(status["server_name"] == "labyrinth.dev");
  CHECK(status["free_bytes"] > 0);
  CHECK_THAT(f.Ctl({"status"}, "text").out, Contains("ready, since"));

  const json stats = f.Ok({"mailbox", "stats", "--account", "me"});
  CHECK(stats["message_count"] == 1);
  CHECK(stats["active_devices"] == 3);
  CHECK(stats["rotation_required"] == false);
  CHECK_FALSE(stats.contains("mailbox_id"));
  const std::string pseudonym = stats["pseudonym"];

  // By each of its names.
  const json revealed = f.Ok({"mailbox", "stats", "--pseudonym", pseudonym, "--reveal"});
  const std::string mailbox_id = revealed["mailbox_id"], partition = revealed["partition"];
  for (const std::string& name : {mailbox_id, partition, pseudonym}) {
    CHECK(f.Ok({"mailbox", "pseudonym", "--mailbox", name})["pseudonym"] == pseudonym);
  }
  CHECK(f.Ctl({"mailbox", "stats", "--account", "nobody"}).exit_code == 4);
  CHECK(f.Ctl({"mailbox", "stats", "--mailbox", std::string(32, '0')}).exit_code == 4);
  CHECK(f.Ctl({"mailbox", "stats", "--mailbox", "xyz"}).exit_code == 2);
  CHECK(f.Ctl({"mailbox", "stats"}).exit_code == 2);
  CHECK(f.Ctl({"mailbox", "stats", "--account", "me", "--pseudonym", pseudonym}).exit_code == 2);

  // A quota: tried, set, in force, and back to the default.
  CHECK(f.Ok({"mailbox", "quota", "--account", "me", "--messages", "1", "--dry-run"})["quota_messages"] == 1);
  f.MustClient("laptop", {"send", "Holiday", "another"});
  CHECK(f.Ok({"mailbox", "quota", "--account", "me", "--messages", "2", "--bytes", "1GiB"})["quota_bytes"] == 1 << 30);
  const ProgramResult full = f.Client("laptop", {"send", "Holiday", "one too many"});
  CHECK(full.exit_code == 3);
  CHECK_THAT(full.err, Contains("QUOTA_EXCEEDED"));
  CHECK(f.Ok({"mailbox", "quota", "--account", "me", "--messages", "default", "--bytes", "default"})["quota_messages"] >
        1000);
  f.MustClient("laptop", {"send", "Holiday", "fits again"});
  CHECK(f.Ctl({"mailbox", "quota", "--account", "me"}).exit_code == 2);
  CHECK(f.Ctl({"mailbox", "quota", "--account", "me", "--bytes", "lots"}).exit_code == 2);

  // The phone is the youngest physical device.
  const json devices = f.Ok({"device", "list", "--account", "me"});
  REQUIRE(devices["devices"].size() == 3);
  std::string phone;
  int64_t youngest = 0;
  for (const json& device : devices["devices"]) {
    CHECK_FALSE(device.contains("device_id"));
    if (device["kind"] != "physical" || device["create_ms"] <= youngest) continue;
    youngest = device["create_ms"];
    phone = device["handle"];
  }
  const std::vector<std::string> revoke = {"device",   "revoke", "--account", "me",
                                           "--device", phone,    "--reason",  "reported stolen"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = revoke;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(f.Ok(with({"--dry-run"}))["dry_run"] == true);
  const ProgramResult unasked = f.Ctl(revoke);
  CHECK(unasked.exit_code == 2);
  CHECK_THAT(unasked.err, Contains("--yes"));
  f.MustClient("phone", {"threads"});
  CHECK(f.Ok(with({"--yes"}))["revision"] > 0);
  CHECK(f.Client("phone", {"threads"}).exit_code == 6);
  CHECK(f.Ok({"mailbox", "stats", "--account", "me"})["rotation_required"] == true);
  CHECK(f.Ctl({"device", "revoke", "--account", "me", "--device", "d:00000000", "--reason", "x", "--yes"}).exit_code ==
        4);
  CHECK(f.Ctl({"device", "revoke", "--account", "me", "--device", "x", "--reason", "x", "--yes"}).exit_code == 2);
  REQUIRE(f.server->Stop().ok());  // and all of its log is written
  const std::string log = ReadFile(f.home / "log");
  CHECK_THAT(log,
             Contains("ev=admin_revoke_device") && Contains("reported stolen") && Contains("ev=admin_connected uid="));
  CHECK_THAT(log, Contains("mb=" + pseudonym) && !Contains(mailbox_id) && !Contains(partition));
}

TEST_CASE("check and verify find nothing in a sound store, served or not, and name what is damaged") {
  Fixture f;
  f.MustClient("laptop", {"init"});
  WriteFile(f.home / "photo.jpg", std::string(300'000, 'p'));
  f.MustClient("laptop", {"send", "Holiday", "look", "--attach", f.home / "photo.jpg"});
  for (int i = 0; i < 20; ++i) f.MustClient("laptop", {"send", "Holiday", "text " + std::to_string(i)});

  for (const bool served : {true, false}) {
    INFO((served ? "served" : "not served"));
    if (!served) REQUIRE(f.server->Stop().ok());
    const json checked = f.Ok({"check"});
    CHECK(checked["findings"].empty());
    CHECK_THAT(checked["result"].get<std::string>(), Contains("1 mailboxes") && Contains("0 findings"));
    CHECK(f.Ok({"check", "--account", "me"})["complete"] == true);
    CHECK(f.Ok({"check", "--account", "me", "--repair", "--dry-run"})["findings_open"] == 0);
    CHECK(f.Ok({"verify"})["findings"].empty());
    CHECK(f.Ctl({"check", "--account", "nobody"}).exit_code == 4);
    CHECK(f.Ctl({"check", "--dry-run"}).exit_code == 2);
    CHECK_THAT(f.Ctl({"check"}, "text").out, Contains("0 findings"));
  }

  // A bit in a table: named by file, and the message in it is refused rather than served wrong.
  std::string damaged;
  for (const auto& entry : std::filesystem::directory_iterator(f.home / "data/store/db")) {
    if (entry.path().extension() == ".blob") damaged = entry.path().string();
  }
  REQUIRE_FALSE(damaged.empty());
  std::string bytes = ReadFile(damaged);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  WriteFile(damaged, bytes);
  f.Start();
  const ProgramResult verified = f.Ctl({"verify"});
  CHECK(verified.exit_code == 1);
  const json found = json::parse(verified.out);
  REQUIRE(found["findings"].size() == 1);
  CHECK(found["findings"][0]["name"] == "store_file_damaged");
  CHECK_THAT(found["findings"][0]["detail"].get<std::string>(),
             Contains(std::filesystem::path(damaged).filename().string()));
  const ProgramResult read = f.Client("laptop", {"read", "Holiday", "--save-attachments", f.home / "saved"});
  CHECK(read.exit_code != 0);
  CHECK_FALSE(std::filesystem::exists(f.home / "saved/photo.jpg"));

  // A store that is open is nobody else's, and a missing one isn't made.
  const ProgramResult other = RunProgram(kOperator, {"--data-dir", f.home / "nothing", "check"}, f.home.path());
  CHECK(other.exit_code == 4);
  CHECK_FALSE(std::filesystem::exists(f.home / "nothing"));
}

TEST_CASE("drain takes a server out of service and back; exit codes tell the rest") {
  Fixture f;
  f.MustClient("laptop", {"init"});
  CHECK(f.Ok({"drain", "--deadline", "5s"})["draining"] == true);
  CHECK(f.Ok({"status"})["ready"] == false);
  f.MustClient("laptop", {"send", "Holiday", "calls are still answered"});
  CHECK(f.Ok({"drain", "--undo"})["draining"] == false);
  CHECK(f.Ctl({"drain", "--deadline", "soon"}).exit_code == 2);
  CHECK_THAT(f.Ctl({"compact"}, "text").out, Contains("merged"));

  CHECK(RunProgram(kOperator, {"--socket", f.home / "none.sock", "status"}, f.home.path()).exit_code == 5);
  WriteFile(f.home / "file", "x");
  CHECK(RunProgram(kOperator, {"--socket", f.home / "file", "status"}, f.home.path()).exit_code != 0);
  CHECK(RunProgram(kOperator, {"--help"}, f.home.path()).exit_code == 0);
  CHECK(RunProgram(kOperator, {"--version"}, f.home.path()).exit_code == 0);
  CHECK(RunProgram(kOperator, {}, f.home.path()).exit_code == 2);
  // A script that a shell takes, with every command in it.
  const ProgramResult completion = RunProgram(kOperator, {"completion", "bash"}, f.home.path());
  CHECK_THAT(completion.out, Contains("'/mailbox') words='stats pseudonym quota") && Contains("--data-dir"));
  WriteFile(f.home / "completion", completion.out +
                                       "\nCOMP_WORDS=(labyrinthctl --yes device re); COMP_CWORD=3\n"
                                       "_labyrinthctl; echo \"${COMPREPLY[@]}\"\n");
  CHECK(RunProgram("/bin/bash", {f.home / "completion"}, f.home.path()).out == "revoke\n");
  CHECK(RunProgram(kOperator, {"completion", "fish"}, f.home.path()).exit_code == 2);
  const ProgramResult unknown = RunProgram(kOperator, {"dance"}, f.home.path());
  CHECK(unknown.exit_code == 2);
  CHECK_THAT(unknown.err, Contains("dance"));

  // What a killed server leaves behind is in nobody's way.
  f.server->Kill();
  CHECK(std::filesystem::exists(f.home / "data/admin.sock"));
  CHECK(RunProgram(kOperator, {"--socket", f.home / "data/admin.sock", "status"}, f.home.path()).exit_code == 5);
  f.Start();
  CHECK(f.Ctl({"status"}).exit_code == 0);
  REQUIRE(f.server->Stop().ok());
  CHECK_FALSE(std::filesystem::exists(f.home / "data/admin.sock"));
}

TEST_CASE("config check and show read a file as a server would") {
  TempFolder home;
  WriteFile(home / "bad.toml", "listen = \"0.0.0.0:7430\"\nlisteners = 3\n");
  const ProgramResult bad = RunProgram(kOperator, {"config", "check", home / "bad.toml"}, home.path());
  CHECK(bad.exit_code == 3);
  CHECK_THAT(bad.err, Contains("bad.toml:2") && Contains("listeners"));
  WriteFile(home / "key.pem", "x");
  chmod((home / "key.pem").c_str(), 0600);
  WriteFile(home / "jwks.json", "{}");
  WriteFile(
      home / "good.toml",
      "listen = \"127.0.0.1:7430\"\ndata_dir = \"/srv/l\"\nserver_name = \"l.example\"\n[accounts]\nissuer = \"i\"\n"
      "audience = \"a\"\njwks_file = \"" +
          (home / "jwks.json") + "\"\n[tls]\ncert_file = \"" + (home / "key.pem") + "\"\nkey_file = \"" +
          (home / "key.pem") + "\"\n");
  CHECK(RunProgram(kOperator, {"config", "check", home / "good.toml"}, home.path()).exit_code == 0);
  const ProgramResult shown = RunProgram(kOperator, {"config", "show", home / "good.toml"}, home.path());
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.out, Contains("min_free_mib = 1024") && Contains("/srv/l/admin.sock"));
  // It can be read back.
  WriteFile(home / "again.toml", shown.out);
  CHECK(RunProgram(kOperator, {"config", "show", home / "again.toml"}, home.path()).out == shown.out);
}

}  // namespace
}  // namespace labyrinth::tests
