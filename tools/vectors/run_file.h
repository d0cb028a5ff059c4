// Runs the sections of one file of known answers.
#ifndef LABYRINTH_TOOLS_VECTORS_RUN_FILE_H_
#define LABYRINTH_TOOLS_VECTORS_RUN_FILE_H_

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/vectors/report.h"

namespace labyrinth::vectors {

// The JSON object at `path`. NOT_FOUND if it can't be read, INVALID_ARGUMENT if it isn't a JSON object.
absl::StatusOr<nlohmann::json> LoadFile(const std::string& path);

// Runs every section of `file`: each top-level key but `meta` and `ambiguities`. One that no runner knows fails, unless
// it is in `skip`; a skipped one is said in a line on `out`. A file without sections fails. `prefix` goes before
// section names, to tell several files apart.
void RunFile(const nlohmann::json& file, const std::set<std::string>& skip, std::string_view prefix, std::ostream& out,
             Report& report);

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_RUN_FILE_H_
