#include "service/mailbox/testing/store_check.h"

#include <fmt/format.h>

#include "common/bytes.h"
#include "service/check/testing/row_store.h"

namespace labyrinth::mailbox::testing {

std::vector<std::string> CheckStore(const std::map<std::string, std::string>& rows) {
  std::vector<std::string> lines;
  for (const check::Finding& finding : check::testing::RowStore(rows).Check()) {
    lines.push_back(fmt::format("{} {}", finding.name, ToHex(finding.key)));
  }
  return lines;
}

}  // namespace labyrinth::mailbox::testing
