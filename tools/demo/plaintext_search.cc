#include "tools/demo/plaintext_search.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace labyrinth::demo {

namespace {

uint64_t PrefixOf(const char* bytes) {
  uint64_t prefix;
  std::memcpy(&prefix, bytes, sizeof(prefix));
  return prefix;
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::UnavailableError(fmt::format("{}: cannot be read", path.string()));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

bool PlaintextSearch::Add(std::string_view needle) {
  if (needle.size() < kMinNeedleBytes) return false;
  if (!known_.emplace(needle).second) return true;
  by_prefix_[PrefixOf(needle.data())].push_back(needles_.size());
  needles_.emplace_back(needle);
  return true;
}

absl::StatusOr<PlaintextSearch::Result> PlaintextSearch::Search(const std::vector<std::string>& paths) const {
  Result result;
  std::set<std::size_t> found;
  const auto search_file = [&](const std::filesystem::path& path) -> absl::Status {
    absl::StatusOr<std::string> bytes = ReadFile(path);
    if (!bytes.ok()) return bytes.status();
    SearchBytes(*bytes, found);
    ++result.files;
    result.bytes += bytes->size();
    return absl::OkStatus();
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) {
      if (absl::Status status = search_file(path); !status.ok()) return status;
      continue;
    }
    if (!std::filesystem::is_directory(path, error)) return absl::NotFoundError(fmt::format("{}: not there", path));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      if (absl::Status status = search_file(entry.path()); !status.ok()) return status;
    }
  }
  result.found_needles = found.size();
  return result;
}

void PlaintextSearch::SearchBytes(std::string_view bytes, std::set<std::size_t>& found) const {
  for (std::size_t at = 0; at + kMinNeedleBytes <= bytes.size(); ++at) {
    const auto candidates = by_prefix_.find(PrefixOf(bytes.data() + at));
    if (candidates == by_prefix_.end()) continue;
    for (std::size_t index : candidates->second) {
      if (bytes.substr(at).starts_with(needles_[index])) found.insert(index);
    }
  }
}

}  // namespace labyrinth::demo
