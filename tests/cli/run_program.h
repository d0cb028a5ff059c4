// Runs a program as a user's shell would, and keeps what it printed.
#ifndef LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_
#define LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace labyrinth::tests {

struct ProgramResult {
  int exit_code = -1;  // -1: ended by a signal
  std::string out;
  std::string err;
  long peak_kib = 0;  // the most memory that it held, or the test's process before it: Linux counts that along
};

// A program that runs beside the test. There is no terminal. The environment holds HOME (`home`) and nothing else that
// the client looks at. Killed at the end of the scope, if it still runs. Thread-compatible.
class RunningProgram {
 public:
  // Its standard input is `input`; or, without one, what Type gives it.
  RunningProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& home,
                 const std::string* input = nullptr);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // Only where there is no `input`.
  void Type(const std::string& text);
  void EndInput();

  // What comes after `mark` on standard error up to the line's end, waited for; "" if the program ended without it, or
  // a minute was over. With `times`, the last of so many.
  std::string WaitForError(const std::string& mark, int times = 1);

  void Signal(int number);
  ProgramResult Wait();

 private:
  bool Ended();

  std::string folder_, out_, err_, in_;
  pid_t pid_ = 0;
  int typing_ = -1;
  int status_ = 0;
  rusage usage_ = {};
  bool ended_ = false;
};

// Waits for the program's end. `input` is its standard input.
ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& home,
                         const std::string& input = "");

}  // namespace labyrinth::tests

#endif  // LABYRINTH_TESTS_CLI_RUN_PROGRAM_H_
