// The shipped programs around one server: what command-line tests of the whole have in common.
#ifndef LABYRINTH_TESTS_CLI_SERVED_PROGRAMS_H_
#define LABYRINTH_TESTS_CLI_SERVED_PROGRAMS_H_

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/transfer/export_fixture.h"
#include "tests/cli/run_program.h"
#include "tools/demo/server_process.h"

namespace labyrinth::tests {

// A development server over `home`/data, and clients with a profile each. Needs //service/server:labyrinthd,
// //tools/labyrinth and, for Ctl, //tools/labyrinthctl as data. Thread-compatible.
struct ServedPrograms {
  ServedPrograms() { Start(); }

  // Starts the server, or another on the same data and port.
  void Start() {
    demo::ServerProcess::Options options{"service/server/labyrinthd", home / "data", home / "log", home / "port"};
    if (port != 0) options.port = port;
    auto started = demo::ServerProcess::Start(options);
    INFO(std::string(started.status().message()));
    REQUIRE(started.ok());
    server = *std::move(started);
    port = server->port();
  }

  ProgramResult Client(const std::string& profile, std::vector<std::string> arguments) {
    std::vector<std::string> all = {
        "--profile", home / profile, "--dev", "--endpoint", "127.0.0.1:" + std::to_string(port), "--output", "json"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunProgram("tools/labyrinth/labyrinth", all, home.path());
  }
  nlohmann::json MustClient(const std::string& profile, std::vector<std::string> arguments) {
    const ProgramResult result = Client(profile, std::move(arguments));
    INFO(result.out << result.err);
    REQUIRE(result.exit_code == 0);
    return nlohmann::json::parse(result.out);
  }

  ProgramResult Ctl(std::vector<std::string> arguments, const std::string& output = "json") {
    std::vector<std::string> all = {"--data-dir", home / "data", "--output", output};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunProgram("tools/labyrinthctl/labyrinthctl", all, home.path());
  }
  // Its output, as text or JSON.
  std::string MustCtl(std::vector<std::string> arguments, const std::string& output = "json") {
    const ProgramResult result = Ctl(std::move(arguments), output);
    INFO(result.out << result.err);
    REQUIRE(result.exit_code == 0);
    return result.out;
  }

  client::TempFolder home;
  int port = 0;  // of the last server
  std::unique_ptr<demo::ServerProcess> server;
};

}  // namespace labyrinth::tests

#endif  // LABYRINTH_TESTS_CLI_SERVED_PROGRAMS_H_
