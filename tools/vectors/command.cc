#include "tools/vectors/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/vectors/report.h"
#include "tools/vectors/run_file.h"

namespace labyrinth::vectors {
namespace {

constexpr const char kUsage[] = "usage: labyrinth-vectors FILE... [--skip SECTION]...";

}  // namespace

int RunCommand(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("Runs files of known answers for the Labyrinth protocol.", "labyrinth-vectors");
  std::vector<std::string> paths;
  std::vector<std::string> skipped;
  app.add_option("FILE", paths, "known answers, as tests/vectors/labyrinth-v1.json")->required();
  app.add_option("--skip", skipped, "a section to leave out (repeatable)")->allow_extra_args(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    err << "labyrinth-vectors: " << error.what() << "; " << kUsage << '\n';
    return 2;
  }

  // All are read before any is run, so that a wrong path doesn't leave half a report.
  std::vector<nlohmann::json> files;
  for (const std::string& path : paths) {
    absl::StatusOr<nlohmann::json> file = LoadFile(path);
    if (!file.ok()) {
      err << "labyrinth-vectors: " << std::string(file.status().message()) << '\n';
      return 1;
    }
    files.push_back(*std::move(file));
  }

  Report report(out);
  const std::set<std::string> skip(skipped.begin(), skipped.end());
  for (std::size_t i = 0; i < files.size(); ++i) {
    RunFile(files[i], skip, files.size() > 1 ? paths[i] + ":" : "", out, report);
  }
  out << report.passed() << " passed, " << report.failed() << " failed\n";
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace labyrinth::vectors
