// Runs a program as a user's shell would, and keeps what it printed.
#ifndef LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_
#define LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_

#include <string>
#include <vector>

namespace labyrinth::tests {

struct ProgramResult {
  int exit_code = -1;  // -1: ended by a signal
  std::string out;
  std::string err;
  long peak_kib = 0;  // the most memory that it held
};

// Waits for the program's end. `input` is its standard input; there is no terminal. The environment holds HOME (`home`)
// and nothing else that the client looks at.
ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& home,
                         const std::string& input = "");

}  // namespace labyrinth::tests

#endif  // LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_
