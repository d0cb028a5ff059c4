#include "tools/cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <vector>

#include "tools/cli/exit_code.h"
#include "tools/cli/output.h"

namespace labyrinth::cli {
namespace {

// Of the command that was named, if one was, under the words that lead to it.
std::string HelpOf(const CLI::App& app) {
  const CLI::App* asked = &app;
  std::string path = app.get_name();
  while (!asked->get_subcommands().empty()) {
    asked = asked->get_subcommands().front();
    if (!asked->get_subcommands().empty()) path += " " + asked->get_name();
  }
  return asked == &app ? app.help() : asked->help(path);
}

}  // namespace

std::optional<int> Parse(CLI::App& app, int argc, char** argv, const std::string& output) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return static_cast<int>(ExitCode::kOk);
  } catch (const CLI::Success&) {  // help
    std::fputs(HelpOf(app).c_str(), stdout);
    return static_cast<int>(ExitCode::kOk);
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    // A word that is no command leaves only "a subcommand is required", which doesn't name it.
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    if (error.get_name() == "RequiredError" && !unknown.empty()) {
      text = fmt::format("{}: no such command or flag", unknown.front());
    }
    while (text.ends_with('\n')) text.pop_back();
    PrintError(app.get_name(), Usage(fmt::format("{} ({} --help)", text, app.get_name())), output != "text");
    return static_cast<int>(ExitCode::kUsage);
  }
}

}  // namespace labyrinth::cli
