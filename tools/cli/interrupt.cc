#include "tools/cli/interrupt.h"

#include <signal.h>

#include <initializer_list>

namespace labyrinth::cli {
namespace {

volatile sig_atomic_t g_interrupted = 0;  // a signal handler has no other place to write to
void NoteInterrupt(int) { g_interrupted = 1; }

}  // namespace

InterruptScope::InterruptScope() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = NoteInterrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

InterruptScope::~InterruptScope() {
  for (int signal : {SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
}

bool InterruptScope::interrupted() const { return g_interrupted != 0; }

}  // namespace labyrinth::cli
