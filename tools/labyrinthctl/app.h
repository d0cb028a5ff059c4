// The operator's command line as a whole.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_APP_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_APP_H_

namespace labyrinth::ctl {

// Runs one command and returns the process's exit code (tools/cli/exit_code.h).
int RunApp(int argc, char** argv);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_APP_H_
