// What the cases met: every call of the API, and every reason that a client can cause.
#ifndef LABYRINTH_TESTS_CONFORMANCE_API_COVERAGE_H_
#define LABYRINTH_TESTS_CONFORMANCE_API_COVERAGE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/errors.h"

namespace labyrinth::conformance {

// Thread-safe.
class Coverage {
 public:
  // A call that was answered, by its path ("/labyrinth.v1.HistoryService/Watch").
  void Met(const std::string& path, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  // Prints what was met, and what wasn't: of the proto's calls by their descriptors, of the catalogue's reasons but for
  // those that no client can cause, or that only a server in the test's process can be brought to (`in_process`). False
  // if anything is missing.
  bool Judge(bool in_process) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::set<std::string> paths_ ABSL_GUARDED_BY(mutex_);  // that were answered with OK at least once
  std::set<Reason> reasons_ ABSL_GUARDED_BY(mutex_);
};

// This process's.
Coverage& CoverageSoFar();

// A channel whose calls are noted there.
std::shared_ptr<grpc::Channel> NotedChannel(const std::string& endpoint,
                                            const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                            const grpc::ChannelArguments& arguments = {});

}  // namespace labyrinth::conformance

#endif  // LABYRINTH_TESTS_CONFORMANCE_API_COVERAGE_H_
