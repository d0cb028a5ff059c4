// completion bash|zsh: made from the commands themselves
#include <fmt/format.h>

#include <string>

#include "tools/labyrinthctl/commands.h"

namespace labyrinth::ctl {
namespace {

struct CompletionFlags {
  const CLI::App* app = nullptr;
  std::string shell;
};

std::string WordsOf(const CLI::App& app, const CLI::App& root) {
  std::string words;
  for (const CLI::App* command : app.get_subcommands({})) words += command->get_name() + " ";
  for (const CLI::App* from : {&app, &root}) {
    for (const CLI::Option* option : from->get_options()) {
      for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    }
    if (&app == &root) break;
  }
  return words;
}

void AppendCases(const CLI::App& app, const CLI::App& root, const std::string& path, std::string& out) {
  out += fmt::format("    '{}') words='{}' ;;\n", path, WordsOf(app, root));
  for (const CLI::App* command : app.get_subcommands({})) {
    AppendCases(*command, root, path + "/" + command->get_name(), out);
  }
}

absl::Status Completion(Context& context, const CompletionFlags& flags) {
  std::string cases;
  AppendCases(*flags.app, *flags.app, "", cases);
  if (flags.shell == "zsh") context.out().Line("autoload -U +X bashcompinit && bashcompinit");
  context.out().Line(fmt::format(R"(_labyrinthctl() {{
  local word next path='' words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    next="$path/$word"
    case "$next" in
{}      *) continue ;;
    esac
    path="$next"
  done
  case "$path" in
{}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o default -F _labyrinthctl labyrinthctl)",
                                 cases, cases));
  return absl::OkStatus();
}

}  // namespace

void AddCompletion(CLI::App& app, Chosen& chosen) {
  const auto flags = std::make_shared<CompletionFlags>();
  flags->app = &app;
  AddCommand(app, chosen, "completion", "Print what makes a shell complete these commands", false, &Completion, flags)
      ->add_option("SHELL", flags->shell, "bash or zsh")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->required();
}

}  // namespace labyrinth::ctl
