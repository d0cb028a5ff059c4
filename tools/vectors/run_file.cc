#include "tools/vectors/run_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {

absl::StatusOr<Json> LoadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  // A directory opens, and fails at the first read.
  if (!in || !(text << in.rdbuf())) return absl::NotFoundError(fmt::format("{}: can't be read", path));
  Json file = Json::parse(text.str(), nullptr, /*allow_exceptions=*/false);
  if (file.is_discarded()) return absl::InvalidArgumentError(fmt::format("{}: not JSON", path));
  if (!file.is_object()) return absl::InvalidArgumentError(fmt::format("{}: not a JSON object", path));
  return file;
}

void RunFile(const Json& file, const std::set<std::string>& skip, std::string_view prefix, std::ostream& out,
             Report& report) {
  bool any = false;
  for (const auto& [name, value] : file.items()) {
    if (name == "meta" || name == "ambiguities") continue;
    any = true;
    const std::string label = fmt::format("{}{}", prefix, name);
    if (skip.contains(name)) {
      out << "SKIPPED " << label << '\n';
      continue;
    }
    const auto sections = AllSections();
    const auto known = std::find_if(sections.begin(), sections.end(),
                                    [&name = name](const SectionRunner& row) { return row.section == name; });
    if (known == sections.end()) {
      report.Failed(label, "-", "not a section that this runner knows");
      continue;
    }
    Section section(label, value, file, report);
    known->run(section);
  }
  if (!any) report.Failed(fmt::format("{}-", prefix), "-", "the file has no section");
}

}  // namespace labyrinth::vectors
