// Ctrl-C as something to be asked for.
#ifndef LABYRINTH_TOOLS_CLI_INTERRUPT_H_
#define LABYRINTH_TOOLS_CLI_INTERRUPT_H_

namespace labyrinth::cli {

// While it lives, the first Ctrl-C (or SIGTERM) is noted instead of ending the process; the second ends it.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  bool interrupted() const;
};

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_INTERRUPT_H_
