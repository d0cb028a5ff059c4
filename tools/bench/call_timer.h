// How long the calls of one method take, on a channel that the client library uses.
#ifndef LABYRINTH_TOOLS_BENCH_CALL_TIMER_H_
#define LABYRINTH_TOOLS_BENCH_CALL_TIMER_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::bench {

// Thread-safe.
class CallTimes {
 public:
  void Add(double us) {
    const absl::MutexLock lock(&mutex_);
    times_us_.push_back(us);
  }
  // And forgets them.
  std::vector<double> Take() {
    const absl::MutexLock lock(&mutex_);
    return std::exchange(times_us_, {});
  }

 private:
  absl::Mutex mutex_;
  std::vector<double> times_us_ ABSL_GUARDED_BY(mutex_);
};

// Calls whose method is `method` ("/labyrinth.v1.EpochService/OpenEpoch") add their time to `times`, from when the
// request is handed over to when its status is there.
std::shared_ptr<grpc::Channel> TimedChannel(const std::string& endpoint, const std::string& method,
                                            std::shared_ptr<CallTimes> times);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_CALL_TIMER_H_
