#include "tools/bench/postgres.h"

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPageSize = 50;
constexpr std::chrono::seconds kInitTimeout{60}, kStartTimeout{30};
constexpr int kAnswerTimeoutMs = 30'000;

// What its manual recommends for memory (a quarter of the machine's, here at most 2 GiB: the data is smaller), for the
// log (so large that no checkpoint falls into a measurement more often than it must), and for disks without heads.
// Whatever makes a commit durable is as by default.
constexpr char kSettings[] = R"(
listen_addresses = ''
shared_buffers = {}MB
effective_cache_size = {}MB
max_connections = 100
wal_level = minimal
max_wal_senders = 0
wal_buffers = 64MB
min_wal_size = 4GB
max_wal_size = 16GB
checkpoint_timeout = 30min
random_page_cost = 1.1
effective_io_concurrency = 100
jit = off
logging_collector = off
)";

// The mailbox is a number: shorter than what we store. The third index serves what our change feed does.
constexpr char kSchema[] = R"(
CREATE TABLE message (
  mailbox bigint NOT NULL, thread bytea NOT NULL, message_id bytea NOT NULL, timestamp_ms bigint NOT NULL,
  revision bigint NOT NULL, epoch_id bigint NOT NULL, cipher_version integer NOT NULL, expire_ms bigint NOT NULL,
  ciphertext bytea NOT NULL, PRIMARY KEY (mailbox, message_id));
CREATE INDEX by_thread ON message (mailbox, thread, timestamp_ms DESC);
CREATE INDEX by_time ON message (mailbox, timestamp_ms DESC);
CREATE INDEX by_revision ON message (mailbox, revision);
)";
constexpr int kColumns = 9;

// Of each mailbox that is written.
constexpr uint64_t kThreads = 10;

constexpr char kPage[] =
    "SELECT message_id, thread, timestamp_ms, revision, epoch_id, cipher_version, expire_ms, ciphertext FROM message "
    "WHERE mailbox = $1 AND thread = $2 ORDER BY timestamp_ms DESC LIMIT 50";

std::string InsertOf(int rows) {
  std::string sql = "INSERT INTO message VALUES ";
  for (int row = 0; row < rows; ++row) {
    sql += row == 0 ? "(" : ",(";
    for (int column = 1; column <= kColumns; ++column) {
      sql += fmt::format("{}${}", column == 1 ? "" : ",", row * kColumns + column);
    }
    sql += ")";
  }
  return sql;
}

std::string InsertName(int rows) { return fmt::format("insert_{}", rows); }

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

uint64_t FromBigEndian(const char* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

absl::Status ErrorOf(const PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return absl::UnavailableError("PostgreSQL: " + text);
}

uint64_t MemoryMib() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

}  // namespace

// One prepared statement with its parameters, in binary.
class Postgres::Query {
 public:
  void Reset(std::string name) {
    name_ = std::move(name);
    values_.clear();
  }
  void Add(std::string value) { values_.push_back(std::move(value)); }
  void AddRow(const Payload& payload, uint64_t mailbox, uint64_t n, uint64_t threads) {
    Add(BigEndian(mailbox, 8));
    Add(payload.ThreadId(n % threads));
    Add(payload.MessageId(n));
    Add(BigEndian(static_cast<uint64_t>(Payload::TimestampMs(n)), 8));
    Add(BigEndian(n + 1, 8));  // the revision
    Add(BigEndian(1, 8));      // the epoch
    Add(BigEndian(kCipherVersion, 4));
    Add(BigEndian(0, 8));  // never expires
    Add(std::string(payload.Ciphertext(n)));
  }
  bool Send(PGconn* connection) {
    std::vector<const char*> pointers;
    std::vector<int> lengths, formats(values_.size(), 1);
    for (const std::string& value : values_) {
      pointers.push_back(value.data());
      lengths.push_back(static_cast<int>(value.size()));
    }
    return PQsendQueryPrepared(connection, name_.c_str(), static_cast<int>(values_.size()), pointers.data(),
                               lengths.data(), formats.data(), /*resultFormat=*/1) == 1;
  }

 private:
  std::string name_;
  std::vector<std::string> values_;
};

absl::StatusOr<std::unique_ptr<Postgres>> Postgres::Start(const std::string& dir, const Payload& payload) {
  const std::string programs = kPrograms;
  if (access((programs + "/postgres").c_str(), X_OK) != 0) {
    return absl::UnavailableError("PostgreSQL 15 isn't installed (Debian's package postgresql-15)");
  }
  std::unique_ptr<Postgres> postgres(new Postgres(payload));
  postgres->socket_dir_ = dir;
  ChildOptions as_user{.words = {}, .log_file = dir + ".log", .stop_signal = SIGINT};
  if (mkdir(dir.c_str(), 0700) != 0) return absl::UnavailableError(dir + ": cannot be made");
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) return absl::UnavailableError("PostgreSQL: there is no user 'postgres' to run it as");
    as_user.uid = user->pw_uid;
    as_user.gid = user->pw_gid;
    if (chown(dir.c_str(), as_user.uid, as_user.gid) != 0)
      return absl::UnavailableError(dir + ": cannot be given away");
  }
  ChildOptions init = as_user;
  const std::string data = dir + "/data";
  init.words = {programs + "/initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"};
  if (absl::Status status = Child::Run(init, kInitTimeout); !status.ok()) return status;
  const uint64_t quarter = std::min<uint64_t>(MemoryMib() / 4, 2048);
  std::ofstream(data + "/postgresql.conf", std::ios::app)
      << fmt::format(fmt::runtime(kSettings), quarter, MemoryMib() / 2) << "unix_socket_directories = '" << dir
      << "'\n";
  as_user.words = {programs + "/postgres", "-D", data};
  auto process = Child::Start(as_user);
  if (!process.ok()) return process.status();
  postgres->process_ = *std::move(process);
  const absl::Status started = postgres->process_->Await([&] { return postgres->Connect(1).ok(); }, kStartTimeout);
  if (!started.ok()) return started;
  if (absl::Status status = postgres->Execute(kSchema); !status.ok()) return status;
  return postgres;
}

Postgres::~Postgres() {
  for (PGconn* connection : connections_) PQfinish(connection);
  // Killed, it would leave a segment of shared memory behind.
  if (process_ != nullptr) process_->Stop().IgnoreError();
}

absl::Status Postgres::Connect(std::size_t count) {
  while (connections_.size() < count) {
    PGconn* connection = PQconnectdb(fmt::format("host='{}' user=bench dbname=postgres", socket_dir_).c_str());
    if (PQstatus(connection) != CONNECTION_OK) {
      const absl::Status status = ErrorOf(connection);
      PQfinish(connection);
      return status;
    }
    connections_.push_back(connection);
  }
  return absl::OkStatus();
}

absl::Status Postgres::Execute(const std::string& sql) {
  PGresult* result = PQexec(connections_[0], sql.c_str());
  const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return good ? absl::OkStatus() : ErrorOf(connections_[0]);
}

absl::StatusOr<double> Postgres::Run(int count, double seconds, const std::function<void(std::size_t, Query&)>& next,
                                     const std::function<absl::Status(const PGresult*)>& check) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<Query> queries(static_cast<std::size_t>(count));
  std::vector<pollfd> waiting;
  const auto send = [&](std::size_t i) {
    next(i, queries[i]);
    return queries[i].Send(connections_[i]);
  };
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!send(i)) return ErrorOf(connections_[i]);
    waiting.push_back({PQsocket(connections_[i]), POLLIN, 0});
  }
  uint64_t done = 0;
  for (std::size_t running = queries.size(); running > 0;) {
    if (poll(waiting.data(), waiting.size(), kAnswerTimeoutMs) <= 0) {
      return absl::UnavailableError("PostgreSQL: no answer");
    }
    for (std::size_t i = 0; i < queries.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      PGconn* connection = connections_[i];
      if (PQconsumeInput(connection) != 1) return ErrorOf(connection);
      while (waiting[i].fd >= 0 && PQisBusy(connection) == 0) {
        if (PGresult* result = PQgetResult(connection)) {
          const absl::Status status = check(result);
          PQclear(result);
          if (!status.ok()) return PQstatus(connection) == CONNECTION_OK ? status : ErrorOf(connection);
          continue;
        }
        const bool in_time = Clock::now() < end;
        done += in_time ? 1 : 0;
        if (!in_time) {
          waiting[i].fd = -1;  // poll passes it over
          --running;
        } else if (!send(i)) {
          return ErrorOf(connection);
        }
      }
    }
  }
  return static_cast<double>(done) / seconds;
}

absl::StatusOr<double> Postgres::Insert(int connections, uint64_t mailboxes, int batch, double seconds) {
  if (absl::Status status = Connect(static_cast<std::size_t>(connections)); !status.ok()) return status;
  for (int i = 0; i < connections; ++i) {
    PGconn* connection = connections_[static_cast<std::size_t>(i)];
    // A name that is there already is an error, and fine.
    PQclear(PQprepare(connection, InsertName(batch).c_str(), InsertOf(batch).c_str(), 0, nullptr));
  }
  next_.resize(std::max<std::size_t>(next_.size(), mailboxes));
  const auto rows = Run(
      connections, seconds,
      [&](std::size_t i, Query& query) {
        query.Reset(InsertName(batch));
        const uint64_t mailbox = i % mailboxes;
        for (int row = 0; row < batch; ++row) query.AddRow(payload_, mailbox + 1, next_[mailbox]++, kThreads);
      },
      [&](const PGresult* result) {
        const bool good = PQresultStatus(result) == PGRES_COMMAND_OK &&
                          PQcmdTuples(const_cast<PGresult*>(result)) == std::to_string(batch);
        return good ? absl::OkStatus()
                    : absl::UnavailableError(fmt::format("PostgreSQL: {}", PQresultErrorMessage(result)));
      });
  if (!rows.ok()) return rows;
  return *rows * batch;
}

absl::StatusOr<double> Postgres::InsertOne(int connections, uint64_t mailboxes, double seconds) {
  return Insert(connections, mailboxes, 1, seconds);
}

absl::StatusOr<double> Postgres::InsertBatches(int connections, uint64_t mailboxes, int batch, double seconds) {
  return Insert(connections, mailboxes, batch, seconds);
}

absl::Status Postgres::Fill(uint64_t mailbox, uint64_t count, uint64_t threads, int batch) {
  if (absl::Status status = Connect(1); !status.ok()) return status;
  PGconn* connection = connections_[0];
  PQclear(PQprepare(connection, InsertName(batch).c_str(), InsertOf(batch).c_str(), 0, nullptr));
  Query query;
  for (uint64_t n = 0; n < count;) {
    query.Reset(InsertName(batch));
    for (int row = 0; row < batch; ++row) query.AddRow(payload_, mailbox, n++, threads);
    if (!query.Send(connection)) return ErrorOf(connection);
    bool good = true;
    while (PGresult* result = PQgetResult(connection)) {
      good = good && PQresultStatus(result) == PGRES_COMMAND_OK;
      PQclear(result);
    }
    if (!good) return ErrorOf(connection);
  }
  return Execute("VACUUM ANALYZE message");
}

absl::StatusOr<double> Postgres::Pages(int connections, uint64_t mailbox, uint64_t threads, double seconds) {
  if (absl::Status status = Connect(static_cast<std::size_t>(connections)); !status.ok()) return status;
  for (int i = 0; i < connections; ++i) {
    PQclear(PQprepare(connections_[static_cast<std::size_t>(i)], "page", kPage, 0, nullptr));
  }
  uint64_t asked = 0;
  return Run(
      connections, seconds,
      [&](std::size_t, Query& query) {
        query.Reset("page");
        query.Add(BigEndian(mailbox, 8));
        query.Add(payload_.ThreadId(Mix(asked++) % threads));
      },
      [&](const PGresult* result) -> absl::Status {
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
          return absl::UnavailableError(fmt::format("PostgreSQL: {}", PQresultErrorMessage(result)));
        }
        if (PQntuples(result) != kPageSize) return absl::DataLossError("PostgreSQL: a wrong answer: not 50 messages");
        const int row = static_cast<int>(asked % kPageSize);
        const auto bytes = [&](int column) {
          return std::string(PQgetvalue(result, row, column),
                             static_cast<std::size_t>(PQgetlength(result, row, column)));
        };
        v1::Message message;
        message.set_message_id(bytes(0));
        message.set_thread_id(bytes(1));
        message.set_timestamp_ms(static_cast<int64_t>(FromBigEndian(PQgetvalue(result, row, 2))));
        message.set_ciphertext(bytes(7));
        return payload_.Check(message, threads);
      });
}

}  // namespace labyrinth::bench
