// A store of one mailbox made of rows, to be broken by hand. testonly.
#ifndef LABYRINTH_SERVICE_CHECK_TESTING_ROW_STORE_H_
#define LABYRINTH_SERVICE_CHECK_TESTING_ROW_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "service/check/finding.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::check::testing {

using Rows = std::map<std::string, std::string>;

// What a check said. Thread-compatible.
class Findings final : public Listener {
 public:
  void OnFinding(const std::string&, const Finding& finding) override { all.push_back(finding); }
  void OnProgress(uint64_t done) override { progress = done; }
  bool cancelled() const override { return cancel; }

  std::vector<std::string> Names() const;

  std::vector<Finding> all;
  uint64_t progress = 0;
  bool cancel = false;
};

// Thread-compatible.
class RowStore {
 public:
  explicit RowStore(const Rows& rows);

  storage::Engine& engine() { return engine_; }
  const std::string& partition() const { return partition_; }
  // Of CheckOneMailbox, at a time of the test's own.
  std::vector<Finding> Check(const Options& options = {});
  Rows Read();
  storage::PartitionEntry Entry();

 private:
  storage::MemoryEngine engine_;
  const std::string partition_ = std::string(32, 'm');
};

}  // namespace labyrinth::check::testing

#endif  // LABYRINTH_SERVICE_CHECK_TESTING_ROW_STORE_H_
