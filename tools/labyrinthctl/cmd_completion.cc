// completion bash|zsh: made from the commands themselves
#include <fmt/format.h>

#include <string>

#include "tools/labyrinthctl/commands.h"

namespace labyrinth::ctl {
namespace {

struct CompletionFlags {
  cli::Command root;
  std::string shell;
};

// `inherited`: the names that may follow every command.
void AppendCases(cli::Command command, const std::string& inherited, const std::string& path, std::string& out) {
  std::string words;
  for (const cli::Command& below : command.commands()) words += below.name() + " ";
  for (const std::string& name : command.long_names()) words += name + " ";
  out += fmt::format("    '{}') words='{}{}' ;;\n", path, words, path.empty() ? "" : inherited);
  for (const cli::Command& below : command.commands()) {
    AppendCases(below, inherited, path + "/" + below.name(), out);
  }
}

absl::Status Completion(Context& context, const CompletionFlags& flags) {
  std::string inherited;
  for (const std::string& name : flags.root.long_names()) inherited += name + " ";
  std::string cases;
  AppendCases(flags.root, inherited, "", cases);
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

void AddCompletion(cli::Command root, Chosen& chosen) {
  const auto flags = std::make_shared<CompletionFlags>(CompletionFlags{.root = root, .shell = {}});
  AddCommand(root, chosen, "completion", "Print what makes a shell complete these commands", false, &Completion, flags)
      .AddOption("SHELL", &flags->shell, "bash or zsh", {.required = true, .check = cli::OneOf({"bash", "zsh"})});
}

}  // namespace labyrinth::ctl
