// PostgreSQL with the same messages and indexes, through its own C client.
#ifndef LABYRINTH_TOOLS_BENCH_POSTGRES_H_
#define LABYRINTH_TOOLS_BENCH_POSTGRES_H_

#include <postgresql/libpq-fe.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/child.h"
#include "tools/bench/payload.h"

namespace labyrinth::bench {

// A cluster of its own in a fresh directory, reached through a socket in it: durable as by default (fsync and
// synchronous_commit on), and given the memory that its manual recommends. As PostgreSQL refuses to be run by root, it
// then runs as the user that its package made. Not thread-safe.
class Postgres {
 public:
  // The directory that has initdb and postgres, as Debian's package installs them.
  static constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin";

  // UNAVAILABLE if it isn't installed, or doesn't start: in one line why.
  static absl::StatusOr<std::unique_ptr<Postgres>> Start(const std::string& dir, const Payload& payload);
  ~Postgres();

  // Each of so many connections inserts one row after the other, each a transaction: rows a second.
  absl::StatusOr<double> InsertOne(int connections, uint64_t mailboxes, double seconds);
  // `batch` rows a statement and transaction.
  absl::StatusOr<double> InsertBatches(int connections, uint64_t mailboxes, int batch, double seconds);
  // Puts messages 0 to count - 1, in `threads` threads, into a mailbox of their own, `batch` a statement, then tidies
  // up as the server would later by itself.
  absl::Status Fill(uint64_t mailbox, uint64_t count, uint64_t threads, int batch);
  // The newest 50 messages of a thread of it at random: pages a second. Answers are checked as ours are.
  absl::StatusOr<double> Pages(int connections, uint64_t mailbox, uint64_t threads, double seconds);

 private:
  explicit Postgres(const Payload& payload) : payload_(payload) {}

  class Query;
  absl::Status Connect(std::size_t count);
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<double> Run(int connections, double seconds, const std::function<void(std::size_t, Query&)>& next,
                             const std::function<absl::Status(const PGresult*)>& check);
  absl::StatusOr<double> Insert(int connections, uint64_t mailboxes, int batch, double seconds);

  const Payload& payload_;
  std::string socket_dir_;
  std::unique_ptr<Child> process_;
  std::vector<PGconn*> connections_;
  std::vector<uint64_t> next_;  // of each mailbox that is written: its next message
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_POSTGRES_H_
