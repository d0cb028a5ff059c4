// labyrinth-demo [EXPORT]: the whole story on real messages, with a real server, in two minutes.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "tools/demo/story.h"

namespace labyrinth::demo {
namespace {

std::string FolderOf(const char* program) {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path(program).parent_path().string() : path.parent_path().string();
}

absl::Status Play(Story& story) {
  absl::Status (*const scenes[])(Story&) = {SceneStart,        SceneSave,   SceneRead,  SceneWhatTheServerHas,
                                            SceneSecondDevice, SceneRevoke, SceneLoseIt};
  for (const auto scene : scenes) {
    if (absl::Status status = scene(story); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void SayFarewell(const Story& story) {
  fmt::print(
      "\nNot shown here: attachments, one-time codes, the change feed, backups, a server that forks the log between "
      "two\n"
      "devices that never meet (docs/THREAT_MODEL.md lists what can't be detected).\n"
      "Each claim has a test: docs/TESTING.md says which. Try next, in three shells or one after the other:\n"
      "  out/bin/labyrinthd serve --dev --data-dir /tmp/labyrinth\n"
      "  out/bin/labyrinth --dev --profile /tmp/laptop --account ann init\n"
      "  out/bin/labyrinth --dev --profile /tmp/laptop --account ann import {}\n\n",
      story.export_path);
  fmt::print("{} messages, {} claims checked in {} scenes, {}\n", Grouped(story.messages), story.stage.claims(),
             story.stage.scenes(), Duration(story.stage.seconds()));
}

int Run(int argc, char** argv) {
  Story story;
  bool keep = false;
  CLI::App app("Plays the whole story of a Labyrinth server on a Messenger data export, and checks every claim.");
  app.add_option("export", story.export_path, "a Messenger data export: a zip file or a folder")->required();
  app.add_option("--server", story.server_binary, "labyrinthd (default: beside this program)");
  app.add_flag("--keep", keep, "leave the store and the profiles behind");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "labyrinth-demo: {}\n", error.what());
    return 2;
  }
  if (story.server_binary.empty()) story.server_binary = FolderOf(argv[0]) + "/labyrinthd";
  if (access(story.server_binary.c_str(), X_OK) != 0) {
    fmt::print(stderr, "labyrinth-demo: {}: no such program\n", story.server_binary);
    return 2;
  }
  if (access(story.export_path.c_str(), R_OK) != 0) {
    fmt::print(stderr, "labyrinth-demo: {}: no such export\n", story.export_path);
    return 2;
  }

  std::string folder = (std::filesystem::temp_directory_path() / "labyrinth-demo-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    fmt::print(stderr, "labyrinth-demo: {}: cannot be made\n", folder);
    return 1;
  }
  story.folder = folder;
  std::filesystem::create_directory(folder + "/profiles");
  std::signal(SIGPIPE, SIG_IGN);

  const absl::Status status = Play(story);
  story.stage.ClearProgress();
  // Clients before the server, and both before their files.
  story.laptop.reset();
  story.phone.reset();
  story.server.reset();
  if (!status.ok()) {
    fmt::print(stderr, "\nlabyrinth-demo: {}\n", std::string(status.message()));
    fmt::print(stderr, "labyrinth-demo: the run's files are in {}\n", folder);
    return 1;
  }
  if (keep) {
    fmt::print("\nThe run's files are in {}\n", folder);
  } else {
    std::filesystem::remove_all(folder);
  }
  SayFarewell(story);
  return 0;
}

}  // namespace
}  // namespace labyrinth::demo

int main(int argc, char** argv) { return labyrinth::demo::Run(argc, argv); }
