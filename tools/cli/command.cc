#include "tools/cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <type_traits>
#include <utility>

#include "tools/cli/exit_code.h"
#include "tools/cli/output.h"

namespace labyrinth::cli {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 ok, 1 findings, 2 usage, 3 refused, 4 not found, 5 unreachable, 6 denied,\n"
    "7 outcome unknown (repeat the command), 130 interrupted.";

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

ValueCheck InRange(int64_t low, int64_t high) {
  return [=](CLI::Option& option) { option.check(CLI::Range(low, high)); };
}

ValueCheck InRange(double low, double high) {
  return [=](CLI::Option& option) { option.check(CLI::Range(low, high)); };
}

ValueCheck NonNegative() {
  return [](CLI::Option& option) { option.check(CLI::NonNegativeNumber); };
}

ValueCheck OneOf(std::vector<std::string> values) {
  return [values = std::move(values)](CLI::Option& option) { option.check(CLI::IsMember(values)); };
}

Command Command::AddCommand(const std::string& name, const std::string& description, std::function<void()> on_chosen) {
  CLI::App* command = app_->add_subcommand(name, description);
  command->callback(std::move(on_chosen));
  return Command(*command);
}

Command Command::AddGroup(const std::string& name, const std::string& description) {
  CLI::App* group = app_->add_subcommand(name, description);
  group->require_subcommand(1);
  return Command(*group);
}

void Command::AddOption(const std::string& name, OptionTarget target, const std::string& description,
                        const OptionTraits& traits) {
  const auto bind = [&](auto* variable) {
    CLI::Option* option = app_->add_option(name, *variable, description);
    if constexpr (std::is_same_v<decltype(variable), std::vector<std::string>*>) {
      // By itself it would also swallow the positional values that follow the first of its own.
      if (!option->get_positional()) option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    return option;
  };
  CLI::Option* option = std::visit(bind, target);
  option->required(traits.required);
  if (!traits.value_name.empty()) option->type_name(traits.value_name);
  if (traits.check) traits.check(*option);
  if (traits.shows_default) option->capture_default_str();
}

void Command::AddFlag(const std::string& name, bool* target, const std::string& description) {
  app_->add_flag(name, *target, description);
}

void Command::Exclude(const std::string& one, const std::string& other) {
  app_->get_option(one)->excludes(app_->get_option(other));
}

void Command::Require(const std::string& name, const std::string& needed) {
  app_->get_option(name)->needs(app_->get_option(needed));
}

std::string Command::name() const { return app_->get_name(); }

std::vector<Command> Command::commands() const {
  std::vector<Command> commands;
  for (CLI::App* command : app_->get_subcommands({})) commands.emplace_back(*command);
  return commands;
}

std::vector<std::string> Command::long_names() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : app_->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

CommandLine::CommandLine(const std::string& description, const std::string& program)
    : app_(std::make_unique<CLI::App>(description, program)) {
  // A command inherits these when it is added.
  app_->footer(kExitCodes);
  app_->require_subcommand(1);
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const { return Command(*app_); }

void CommandLine::AddVersionFlag(const std::string& text) { app_->set_version_flag("--version", text); }

std::optional<int> CommandLine::Parse(int argc, char** argv, const std::string& output) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForVersion& version) {
    fmt::print("{}\n", version.what());
    return static_cast<int>(ExitCode::kOk);
  } catch (const CLI::Success&) {  // help
    std::fputs(HelpOf(*app_).c_str(), stdout);
    return static_cast<int>(ExitCode::kOk);
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    // A word that is no command leaves only "a subcommand is required", which doesn't name it.
    const std::vector<std::string> unknown = app_->remaining(/*recurse=*/true);
    if (error.get_name() == "RequiredError" && !unknown.empty()) {
      text = fmt::format("{}: no such command or flag", unknown.front());
    }
    while (text.ends_with('\n')) text.pop_back();
    PrintError(app_->get_name(), Usage(fmt::format("{} ({} --help)", text, app_->get_name())), output != "text");
    return static_cast<int>(ExitCode::kUsage);
  }
}

}  // namespace labyrinth::cli
