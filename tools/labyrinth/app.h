// The command line as a whole.
#ifndef LABYRINTH_TOOLS_LABYRINTH_APP_H_
#define LABYRINTH_TOOLS_LABYRINTH_APP_H_

namespace labyrinth::cli {

// Parses, runs one command, prints its error in one line on standard error, and returns the process's exit code
// (exit_code.h).
int RunApp(int argc, char** argv);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_APP_H_
