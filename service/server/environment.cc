#include "service/server/environment.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/executor.h"
#include "common/limits.h"
#include "service/admin/check_task.h"
#include "service/attachments/attachments.h"
#include "service/auth/dev_issuer.h"
#include "service/auth/jwks_file.h"
#include "service/auth/tls_identity.h"
#include "service/handlers/attachment_service.h"
#include "service/handlers/device_service.h"
#include "service/handlers/enrollment_service.h"
#include "service/handlers/epoch_service.h"
#include "service/handlers/history_service.h"
#include "service/handlers/mailbox_service.h"
#include "service/journal/file_journal.h"
#include "service/journal/journal_start.h"
#include "service/mailbox/caretaker.h"
#include "service/restore/backup_labels.h"
#include "service/server/admin_host.h"
#include "service/server/admin_listener.h"
#include "service/server/backup_task.h"
#include "service/server/call_logger.h"
#include "service/server/dev_issuer_service.h"
#include "service/server/listener.h"
#include "service/server/readiness.h"
#include "service/server/store_tasks.h"
#include "service/server/ticker.h"
#include "service/wake/wake_driver.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "storage/row_cache.h"
#include "storage/schema.h"

namespace labyrinth::service {

namespace {

// How late what ends by time may end.
constexpr absl::Duration kTick = absl::Seconds(1);
// How often the store is asked for partitions that are due.
constexpr absl::Duration kWakeInterval = absl::Seconds(2);
// Some 10,000 mailboxes' heads and a few rows of each.
constexpr std::size_t kRowCacheBytes = std::size_t{8} << 20;
// Owner and group; a directory that sets its group decides which.
constexpr mode_t kAdminSocketMode = 0660;
constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;

absl::Status MakeDataDir(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  struct stat info;
  if (errno == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  const char* why = errno == EEXIST ? "is not a directory" : strerror(errno);
  return absl::FailedPreconditionError(fmt::format("data_dir: {}: {}", path, why));
}

void LogRound(Log& log, const WakeRound& round) {
  const auto reason = ReasonOf(round.error);
  const LogLevel failed = reason == Reason::kDataDamaged ? LogLevel::kError : LogLevel::kWarn;
  LogLine line = log.Event(round.error.ok() ? LogLevel::kInfo : failed, "wake");
  line.Code(round.error.code());
  if (reason.has_value()) line.Why(*reason);
  line.Count("n", round.woken).Count("failed", round.failed);
}

std::size_t Workers() { return std::max(2u, std::thread::hardware_concurrency()); }

}  // namespace

// In the order of construction: each may use those above it.
struct Environment::Parts {
  Parts(const ServerConfig& config, const Clock& clock, spdlog::sink_ptr sink)
      : config(config), clock(clock), log(std::move(sink), *ParseLogLevel(config.log_level), clock) {}

  const ServerConfig config;
  const Clock& clock;
  Log log;
  std::unique_ptr<storage::RocksdbEngine> engine;
  std::optional<storage::RowCache> rows;  // in front of it, for mailboxes
  std::optional<ServerKeys> keys;
  std::unique_ptr<journal::FileJournal> journal;
  std::optional<DevIssuer> dev_issuer;
  std::unique_ptr<KeySource> account_keys;
  std::optional<JwtVerifier> accounts;
  std::optional<Sessions> sessions;
  std::optional<Challenges> challenges;
  std::optional<MissLimiter> misses;
  std::optional<Pseudonyms> pseudonyms;
  std::optional<CallLogger> call_log;
  mailbox::Policy policy;
  std::optional<mailbox::PageTokens> page_tokens;
  std::optional<mailbox::DirectoryReader> directory;
  std::optional<mailbox::HistoryReader> history;
  std::optional<mailbox::ChangeReader> changes;
  std::optional<mailbox::SponsorReader> sponsors;
  Streams enrollment_watches{"enrollment_watches", limits::kEnrollmentWatches};
  Streams watches{"watches", limits::kWatches};
  Streams history_downloads{"history_downloads", limits::kHistoryDownloads};
  Streams attachment_streams{"attachment_streams", limits::kAttachmentStreams};
  std::optional<enrollment::Relay> enrollments;
  std::unique_ptr<ThreadPool> workers;
  std::optional<mailbox::DownloadReader> downloads;
  std::unique_ptr<mailbox::Sequencer> sequencer;
  std::optional<mailbox::Caretaker> caretaker;
  std::optional<attachments::Attachments> attachments;
  std::optional<WakeDriver> waker;
  std::optional<HandlerContext> context;
  std::optional<MailboxServiceHandler> mailbox_service;
  std::optional<DeviceServiceHandler> device_service;
  std::optional<EpochServiceHandler> epoch_service;
  std::optional<HistoryServiceHandler> history_service;
  std::optional<EnrollmentServiceHandler> enrollment_service;
  std::optional<AttachmentServiceHandler> attachment_service;
  std::optional<DevIssuerServiceHandler> dev_issuer_service;
  Listener listener;
  std::optional<Readiness> readiness;
  std::optional<Ticker> ticker;
  std::optional<Ticker> wake_ticker;
  AdminTasks admin_tasks;
  std::optional<ProcessHost> host;
  TaskSlot task_slot;
  std::optional<AdminContext> admin_context;
  std::optional<AdminServiceHandler> admin_service, status_service;
  std::unique_ptr<AdminListener> admin_listener, status_listener;

  std::array<Streams*, 4> AllStreams() {
    return {&enrollment_watches, &watches, &history_downloads, &attachment_streams};
  }

  absl::Status OpenStore(RandomSource& random);
  absl::Status LoadCredentials(RandomSource& random);
  void BuildDomain(RandomSource& random);
  absl::Status Serve();
  absl::Status ServeAdmin(RandomSource& random);
  absl::StatusOr<storage::BackupRecord> BackUp(const std::string& dir, storage::BackupOptions options);
};

absl::Status Environment::Parts::OpenStore(RandomSource& random) {
  if (auto status = MakeDataDir(config.data_dir); !status.ok()) return status;
  storage::RocksdbOptions options;
  options.block_cache_bytes = std::size_t{config.block_cache_mib} << 20;
  options.min_free_disk_bytes = uint64_t{config.min_free_mib} << 20;
  auto opened = storage::RocksdbEngine::Open(StorePath(config.data_dir), options);
  if (!opened.ok()) return opened.status();
  engine = *std::move(opened);
  if (engine->recovered_torn_write()) log.Event(LogLevel::kWarn, "recovered_torn_write");
  auto loaded = ServerKeys::LoadOrCreate(*engine, random, {config.server_name, config.dev});
  if (!loaded.ok()) return loaded.status();
  keys = *std::move(loaded);
  const std::string path =
      config.revocation_journal.empty() ? DefaultJournalPath(config.data_dir) : config.revocation_journal;
  auto started = journal::StartJournal(*engine, path, config.begin_journal, keys->generation(), clock, random);
  if (!started.ok()) return started.status();
  journal = *std::move(started);
  return absl::OkStatus();
}

absl::Status Environment::Parts::LoadCredentials(RandomSource& random) {
  if (config.dev) {
    auto issuer = DevIssuer::LoadOrCreate(DevIssuerKeyPath(config.data_dir), random, clock);
    if (!issuer.ok()) return issuer.status();
    dev_issuer = *std::move(issuer);
    account_keys = std::make_unique<FixedKeySource>(dev_issuer->keys());
    accounts.emplace(DevIssuer::policy(), *account_keys, clock);
    return absl::OkStatus();
  }
  const auto expire_ms = CheckTlsIdentity(config.tls.cert_file, config.tls.key_file, clock.NowMs());
  if (!expire_ms.ok()) return expire_ms.status();
  log.Event(LogLevel::kInfo, "tls_loaded").Count("days_left", (*expire_ms - clock.NowMs()) / kDayMs);
  auto file = JwksFile::Open(config.accounts.jwks_file, clock,
                             [this](const absl::StatusOr<std::shared_ptr<const JwkSet>>& loaded) {
                               if (loaded.ok()) {
                                 log.Event(LogLevel::kInfo, "jwks_loaded").Count("keys", (*loaded)->size());
                                 for (const std::string& why : (*loaded)->skipped()) {
                                   log.Event(LogLevel::kInfo, "jwks_skipped").About(OperatorText(why));
                                 }
                               } else {
                                 const std::string why(loaded.status().message());
                                 log.Event(LogLevel::kError, "jwks_refused").About(OperatorText(why));
                               }
                             });
  if (!file.ok()) return file.status();
  account_keys = *std::move(file);
  const JwtPolicy jwt{config.accounts.issuer, config.accounts.audience, config.accounts.leeway_ms};
  accounts.emplace(jwt, *account_keys, clock);
  return absl::OkStatus();
}

void Environment::Parts::BuildDomain(RandomSource& random) {
  sessions.emplace(*keys, clock);
  challenges.emplace(keys->challenge(), config.server_name, clock, random);
  misses.emplace(clock);
  pseudonyms.emplace(keys->pseudonym(), clock);
  call_log.emplace(log, *pseudonyms);
  policy = {config.server_name, [this](std::string_view account_id) { return keys->AccountPartition(account_id); },
            config.quota.bytes, config.quota.messages};
  page_tokens.emplace(keys->page_token().Clone(), keys->generation(), random);
  rows.emplace(*engine, storage::keys::IsReadOften, kRowCacheBytes);
  directory.emplace(*rows, *page_tokens);
  history.emplace(*rows, *page_tokens, clock);
  changes.emplace(*rows, keys->generation(), clock);
  sponsors.emplace(*rows);
  enrollments.emplace(clock, random, [this](const std::string& partition, bool membership) {
    enrollment_watches.Wake(partition, /*recheck=*/membership);
  });
  workers = std::make_unique<ThreadPool>(Workers());
  downloads.emplace(*rows, *page_tokens, clock, *workers);
  const auto wake_watches = [this](const std::string& partition) {
    if (!watches.HasTopic(partition)) return;
    // Off the committer's thread: whoever is woken reads.
    workers->Post([this, partition] { watches.Wake(partition, /*recheck=*/true); });
  };
  sequencer = std::make_unique<mailbox::Sequencer>(*rows, *workers, clock, random, wake_watches, journal.get());
  caretaker.emplace(*sequencer);
  attachments.emplace(*engine, engine->blobs(), *workers, keys->ticket().Clone(), keys->generation(), clock, random);
  const std::vector<Wakeful*> owners = {
      &*caretaker,
      &attachments->sweeper,
  };
  waker.emplace(*engine, clock, owners, [this](const WakeRound& round) { LogRound(log, round); });
  context.emplace(
      HandlerContext{policy,       *keys,        *accounts,          *sessions, *challenges,       *misses,
                     *sequencer,   *directory,   *history,           *changes,  *downloads,        *sponsors,
                     *enrollments, *attachments, enrollment_watches, watches,   history_downloads, attachment_streams,
                     clock,        random,       *call_log});
}

absl::Status Environment::Parts::Serve() {
  mailbox_service.emplace(*context);
  device_service.emplace(*context);
  epoch_service.emplace(*context);
  history_service.emplace(*context);
  enrollment_service.emplace(*context);
  attachment_service.emplace(*context);
  std::vector<grpc::Service*> services = {&*mailbox_service, &*device_service,     &*epoch_service,
                                          &*history_service, &*enrollment_service, &*attachment_service};
  if (dev_issuer.has_value()) {
    dev_issuer_service.emplace(*dev_issuer, clock);
    services.push_back(&*dev_issuer_service);
  }
  auto listening = Listen(config, services);
  if (!listening.ok()) return listening.status();
  listener = *std::move(listening);
  readiness.emplace(
      *engine,
      [this] {
        absl::Status health = engine->Health();
        health.Update(journal->Health());
        return health;
      },
      clock, *listener.server->GetHealthCheckService(), log);
  readiness->Start();
  ticker.emplace(kTick, [this] {
    enrollments->Sweep();
    for (Streams* streams : AllStreams()) streams->Tick();
  });
  wake_ticker.emplace(kWakeInterval, [this] { waker->RunOnce(); });
  return absl::OkStatus();
}

absl::StatusOr<storage::BackupRecord> Environment::Parts::BackUp(const std::string& dir,
                                                                 storage::BackupOptions options) {
  options.now_ms = clock.NowMs();
  // Of the journal as it is now: whatever the backup will have of removals is in it.
  options.labels = restore::ToLabels({journal->id(), journal->durable_bytes(), keys->generation()});
  return engine->Backup(dir, options);
}

absl::Status Environment::Parts::ServeAdmin(RandomSource& random) {
  const auto all = AllStreams();
  host.emplace(ProcessHost::Parts{.config = config,
                                  .port = listener.port,
                                  .generation = keys->generation(),
                                  .engine_health = [this] { return engine->Health(); },
                                  .reserve_bytes = uint64_t{config.min_free_mib} << 20,
                                  .sequencer = *sequencer,
                                  .streams = {all.begin(), all.end()},
                                  .readiness = *readiness,
                                  .clock = clock});
  admin_tasks.check = [this](const v1::CheckTask& request, TaskListener& task) {
    return RunCheck(*engine, engine->blobs(), *pseudonyms, clock.NowMs(), request, task);
  };
  admin_tasks.backup = [this](const v1::BackupTask& request, TaskListener& task) {
    const auto back_up = [this](const std::string& dir, storage::BackupOptions options) {
      return BackUp(dir, std::move(options));
    };
    return RunBackup(request, back_up, task);
  };
  admin_tasks.verify = [this](const v1::VerifyTask& request, TaskListener& task) {
    return RunVerify(*engine, request, task);
  };
  admin_tasks.compact = [this](const v1::CompactTask&, TaskListener& task) { return RunCompact(*engine, task); };
  admin_context.emplace(AdminContext{*engine, *sequencer, policy, *keys, *pseudonyms, *enrollments, clock, random, log,
                                     *host, admin_tasks});
  using Access = AdminServiceHandler::Access;
  admin_service.emplace(*admin_context, task_slot, Access::kAll);
  auto listening = AdminListener::Listen(AdminSocketPath(config), kAdminSocketMode, *admin_service, log);
  if (!listening.ok()) return listening.status();
  admin_listener = *std::move(listening);
  if (config.admin.status_socket.empty()) return absl::OkStatus();
  status_service.emplace(*admin_context, task_slot, Access::kStatus);
  listening = AdminListener::Listen(config.admin.status_socket, kAdminSocketMode, *status_service, log);
  if (!listening.ok()) return listening.status();
  status_listener = *std::move(listening);
  return absl::OkStatus();
}

Environment::Environment(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Environment>> Environment::Start(const ServerConfig& config, const Clock& clock,
                                                                RandomSource& random, spdlog::sink_ptr sink) {
  std::unique_ptr<Environment> environment(new Environment(std::make_unique<Parts>(config, clock, std::move(sink))));
  Parts& parts = *environment->parts_;
  if (auto status = parts.OpenStore(random); !status.ok()) return status;
  if (auto status = parts.LoadCredentials(random); !status.ok()) return status;
  parts.BuildDomain(random);
  if (auto status = parts.Serve(); !status.ok()) return status;
  if (auto status = parts.ServeAdmin(random); !status.ok()) return status;
  if (!config.port_file.empty()) {
    if (auto status = WritePortFile(config.port_file, parts.listener.port); !status.ok()) return status;
  }
  parts.log.Event(LogLevel::kInfo, "started").Count("port", parts.listener.port);
  parts.log.Flush();
  return environment;
}

Environment::~Environment() {
  if (parts_->listener.server == nullptr) return;
  Drain();
}

absl::StatusOr<storage::BackupRecord> Environment::BackUp(const std::string& dir, storage::BackupOptions options) {
  return parts_->BackUp(dir, std::move(options));
}

int Environment::port() const { return parts_->listener.port; }

void Environment::Drain() {
  Parts& parts = *parts_;
  if (parts.readiness.has_value()) parts.readiness->Drain();
  if (parts.listener.server == nullptr) return;
  parts.log.Event(LogLevel::kInfo, "draining").Count("pending", parts.sequencer->pending());
  // Its tasks end where they can.
  for (auto* admin : {&parts.admin_listener, &parts.status_listener}) {
    if (*admin != nullptr) (*admin)->Shutdown(std::chrono::system_clock::now());
  }
  parts.waker->Stop();
  for (Streams* streams : parts.AllStreams()) streams->Drain();
  const auto deadline = std::chrono::system_clock::now() + std::chrono::milliseconds(parts.config.drain_deadline_ms);
  parts.listener.server->Shutdown(deadline);
  parts.listener.server->Wait();
  parts.wake_ticker.reset();  // waits for what is being woken
  parts.ticker.reset();
  parts.readiness.reset();
  parts.listener.server.reset();
  parts.sequencer.reset();  // waits for what is in flight
  parts.log.Event(LogLevel::kInfo, "stopped");
  parts.log.Flush();
}

}  // namespace labyrinth::service
