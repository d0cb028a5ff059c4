// What devices do besides saving and reading: sign in, open epochs, watch. All one at a time, beside a save's time.
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "common/limits.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/call_timer.h"
#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kThreads = 10;
constexpr int kMembers = 10;        // a recovery code is one of them
constexpr std::size_t kCrowd = 16;  // watches of one mailbox
constexpr std::chrono::seconds kEventTimeout{10};

double Micros(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

// Repeats `once`, which returns a time in microseconds, for a slice; the median.
absl::StatusOr<double> MedianOf(double seconds, const std::function<absl::StatusOr<double>()>& once) {
  std::vector<double> times;
  const auto start = Clock::now();
  while (Micros(Clock::now() - start) < seconds * 1e6) {
    const auto time = once();
    if (!time.ok()) return time.status();
    times.push_back(*time);
  }
  return Median(times);
}

// Profiles that are devices of one mailbox, with a channel that times OpenEpoch.
class Household {
 public:
  static absl::StatusOr<std::unique_ptr<Household>> Make(const std::string& endpoint, const std::string& dir) {
    auto household = std::make_unique<Household>();
    client::ClientOptions options = DevOptions(endpoint, "household");
    options.channel = TimedChannel(endpoint, "/labyrinth.v1.EpochService/OpenEpoch", household->times_);
    const auto open = [&](int i) {
      return client::LabyrinthClient::Open(dir + "/device" + std::to_string(i), options);
    };
    auto first = open(0);
    if (!first.ok()) return first.status();
    if (absl::Status status = (*first)->mailbox().Create(); !status.ok()) return status;
    const auto code = (*first)->recovery().CreateCode();
    if (!code.ok()) return code.status();
    for (int i = 1; i < kMembers - 1; ++i) {
      auto joining = open(i);
      if (!joining.ok()) return joining.status();
      if (const auto joined = (*joining)->recovery().Join(code->code); !joined.ok()) return joined.status();
    }
    household->first_ = *std::move(first);
    return household;
  }

  // The time of the call alone: what the client computes around it is measured by `./dev bench crypto`.
  absl::StatusOr<double> OpenEpoch() {
    times_->Take();
    const auto rotated = first_->devices().Rotate();
    if (!rotated.ok()) return rotated.status();
    if (rotated->members.size() != kMembers) return absl::DataLossError("a wrong answer: not all are members");
    const std::vector<double> times = times_->Take();
    if (times.size() != 1) return absl::DataLossError("an epoch wasn't opened at the first try");
    return times[0];
  }

 private:
  const std::shared_ptr<CallTimes> times_ = std::make_shared<CallTimes>();
  std::unique_ptr<client::LabyrinthClient> first_;
};

// A watch of a mailbox from its head on.
class Watch {
 public:
  Watch(const std::shared_ptr<grpc::Channel>& channel, const std::string& session)
      : stub_(v1::HistoryService::NewStub(channel)) {
    context_.AddMetadata(kSessionHeader, session);
    grpc::ClientContext context;
    context.AddMetadata(kSessionHeader, session);
    v1::ListMessagesResponse page;
    v1::WatchRequest request;
    if (stub_->ListMessages(&context, {}, &page).ok()) *request.mutable_since() = page.as_of();
    reader_ = stub_->Watch(&context_, request);
    thread_ = std::thread([this] { Read(); });
  }
  ~Watch() {
    context_.TryCancel();
    thread_.join();
  }

  // When it told of `revision`, the mailbox's newest.
  absl::StatusOr<Clock::time_point> See(uint64_t revision) {
    const absl::MutexLock lock(&mutex_);
    const auto seen = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return ended_ || revision_ >= revision; };
    if (!mutex_.AwaitWithTimeout(absl::Condition(&seen), absl::FromChrono(kEventTimeout)) || ended_) {
      return absl::DataLossError("a wrong answer: a watch didn't tell of a save");
    }
    return arrived_;
  }

 private:
  void Read() {
    v1::WatchResponse response;
    while (reader_->Read(&response)) {
      if (response.changes().empty()) continue;
      const absl::MutexLock lock(&mutex_);
      revision_ = response.changes().rbegin()->revision();
      arrived_ = Clock::now();
    }
    reader_->Finish();
    const absl::MutexLock lock(&mutex_);
    ended_ = true;
  }

  const std::unique_ptr<v1::HistoryService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  absl::Mutex mutex_;
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  Clock::time_point arrived_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Watches of one mailbox, and saves into it.
class Watchers {
 public:
  // A watch for each of `sessions`.
  Watchers(const Channels& channels, LoadMailbox& mailbox, const std::vector<std::string>& sessions)
      : stub_(v1::HistoryService::NewStub(channels[0])), mailbox_(mailbox) {
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      watches_.push_back(std::make_unique<Watch>(channels[i % channels.size()], sessions[i]));
    }
  }

  // From when a save is sent until the last watch has told of it.
  absl::StatusOr<double> SaveAndSee() {
    v1::SaveMessagesRequest request;
    v1::SaveMessagesResponse response;
    request.set_epoch_id(mailbox_.epoch_id);
    request.set_cipher_version(kCipherVersion);
    request.set_on_conflict(v1::ON_CONFLICT_REJECT);
    mailbox_.payload.Fill(mailbox_.Take(1), mailbox_.threads, *request.add_messages());
    grpc::ClientContext context;
    context.AddMetadata(kSessionHeader, mailbox_.session);
    const auto begun = Clock::now();
    const grpc::Status status = stub_->SaveMessages(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    auto last = begun;
    for (const auto& watch : watches_) {
      const auto arrived = watch->See(response.revision());
      if (!arrived.ok()) return arrived.status();
      last = std::max(last, *arrived);
    }
    return Micros(last - begun);
  }

 private:
  const std::unique_ptr<v1::HistoryService::Stub> stub_;
  LoadMailbox& mailbox_;
  std::vector<std::unique_ptr<Watch>> watches_;
};

// Sessions for `count` watches of a mailbox. A device may hold a few, so others join: their profiles go to
// `profiles_dir`.
absl::StatusOr<std::vector<std::string>> WatchSessions(const std::string& endpoint, const std::string& profiles_dir,
                                                       ServerMailbox& mailbox, std::size_t count) {
  client::LabyrinthClient& first = mailbox.device->client();
  const auto code = first.recovery().CreateCode();
  if (!code.ok()) return code.status();
  std::vector<std::string> sessions(limits::kStreamsPerCaller, mailbox.session);
  while (sessions.size() < count) {
    const std::string profile_dir = profiles_dir + "/" + std::to_string(sessions.size());
    const auto joined = Device::Join(endpoint, first.core().state().account_id, profile_dir, code->code);
    if (!joined.ok()) return joined.status();
    mailbox.epoch_id = (*joined)->epoch_id();
    sessions.insert(sessions.end(), limits::kStreamsPerCaller, (*joined)->session());
  }
  sessions.resize(count);
  return sessions;
}

}  // namespace

absl::Status MeasureDevices(Bench& bench) {
  Experiment experiment(
      bench,
      {
          {"epoch_vs_save", "median time of the call that opens an epoch for 10 members; beside a save's, 1 in flight",
           "epoch", "save", 3, false},
          {"sign_in_vs_save",
           "median time of a sign-in (two calls, a signature made and checked); beside a save's",
           "sign-in",
           "save",
           {},
           false},
          {"watch_vs_save",
           "median time from sending a save until a watch of the mailbox tells of it; beside a save's",
           "watch",
           "save",
           {},
           false},
          {"watch_fanout_ms",
           "median time from sending a save until the last of 16 watches of the mailbox, of 6 devices, tells of it",
           "fan-out",
           "",
           {},
           false},
      });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto server = bench.server();
  if (!server.ok()) return server.status();
  const auto mailbox = (*server)->AddMailbox(bench.payload(), kThreads);
  if (!mailbox.ok()) return mailbox.status();
  const double seconds = bench.slice_seconds();
  const Channels& channels = (*server)->channels();

  experiment.Add("save", [&] {
    const auto slots = std::make_shared<Slots>(SaveSlots(channels, {*mailbox}, 1, 1));
    return Contender{"a save", "us", [=]() -> absl::StatusOr<double> {
                       const auto load = ClosedLoop(*slots, std::chrono::duration<double>(seconds));
                       if (!load.ok()) return load.status();
                       return Median(load->latencies_us);
                     }};
  });
  absl::StatusOr<std::unique_ptr<Household>> household = nullptr;
  std::filesystem::create_directory(bench.dir("household"));
  if (experiment.Needs("epoch")) household = Household::Make((*server)->endpoint(), bench.dir("household"));
  if (!household.ok()) return household.status();
  experiment.Add("epoch", [&] {
    return Contender{"labyrinthd", "us",
                     [&, seconds] { return MedianOf(seconds, [&] { return (*household)->OpenEpoch(); }); }};
  });
  experiment.Add("sign-in", [&] {
    const std::shared_ptr<v1::MailboxService::Stub> stub = v1::MailboxService::NewStub(channels[0]);
    return Contender{"labyrinthd", "us", [=, device = (*mailbox)->device.get()] {
                       return MedianOf(seconds, [&]() -> absl::StatusOr<double> {
                         const auto begun = Clock::now();
                         if (const auto session = device->SignIn(*stub); !session.ok()) return session.status();
                         return Micros(Clock::now() - begun);
                       });
                     }};
  });
  std::unique_ptr<Watchers> watcher;
  if (experiment.Needs("watch")) {
    const auto watched = bench.NewMailboxes(1, kThreads);
    if (!watched.ok()) return watched.status();
    watcher = std::make_unique<Watchers>(Channels{channels[1]}, *watched->front(),
                                         std::vector<std::string>{watched->front()->session});
  }
  experiment.Add("watch", [&] {
    return Contender{"labyrinthd", "us",
                     [&, seconds] { return MedianOf(seconds, [&] { return watcher->SaveAndSee(); }); }};
  });
  std::unique_ptr<Watchers> crowd;
  if (experiment.Needs("fan-out")) {
    const auto watched = (*server)->AddMailbox(bench.payload(), kThreads);
    if (!watched.ok()) return watched.status();
    const std::string profiles_dir = bench.dir("watchers");
    std::filesystem::create_directory(profiles_dir);
    const auto sessions = WatchSessions((*server)->endpoint(), profiles_dir, **watched, kCrowd);
    if (!sessions.ok()) return sessions.status();
    crowd = std::make_unique<Watchers>(channels, **watched, *sessions);
  }
  experiment.Add("fan-out", [&] {
    return Contender{"labyrinthd", "ms", [&, seconds]() -> absl::StatusOr<double> {
                       const auto us = MedianOf(seconds, [&] { return crowd->SaveAndSee(); });
                       if (!us.ok()) return us;
                       return *us / 1000;
                     }};
  });
  return experiment.Run();
}

}  // namespace labyrinth::bench
