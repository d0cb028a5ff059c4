// Runs the Catch2 cases that a program was linked with.
#ifndef LABYRINTH_THIRD_PARTY_CATCH2_RUNNER_H_
#define LABYRINTH_THIRD_PARTY_CATCH2_RUNNER_H_

// Takes Catch2's command line; returns the process's exit code. Once in a process.
int RunCatch2(int argc, char** argv);

#endif  // LABYRINTH_THIRD_PARTY_CATCH2_RUNNER_H_
