// The command line of labyrinth-vectors.
#ifndef LABYRINTH_TOOLS_VECTORS_COMMAND_H_
#define LABYRINTH_TOOLS_VECTORS_COMMAND_H_

#include <ostream>

namespace labyrinth::vectors {

// labyrinth-vectors FILE... [--skip SECTION]...
//
// Prints one line per failed case (section, name, what differed) on `out`, and last "N passed, N failed". Returns 0 if
// none failed, 1 if some did or a file can't be read (one line on `err`), 2 for wrong use (one line on `err`).
int RunCommand(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_COMMAND_H_
