#include "service/auth/strict_json.h"

#include <set>
#include <vector>

#include "common/limits.h"

namespace labyrinth::service {
namespace {

constexpr int kMaxDepth = 8;

}  // namespace

std::optional<nlohmann::json> ParseStrictObject(std::string_view text) {
  // nlohmann's lexer takes a zero byte for the end of the input and wouldn't see what follows.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  using Event = nlohmann::json::parse_event_t;
  bool strict = true;
  std::vector<std::set<std::string>> names;  // of the open objects
  const auto watch = [&](int depth, Event event, nlohmann::json& parsed) {
    if (depth > kMaxDepth) strict = false;
    if (!strict) return false;
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key && !names.back().insert(parsed.get<std::string>()).second) strict = false;
    return strict;
  };
  try {
    nlohmann::json value = nlohmann::json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
    if (!strict || !value.is_object()) return std::nullopt;
    return value;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // none is documented for this overload; a token must not find the one that isn't
  }
}

std::optional<std::string> StringMember(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}

std::optional<int64_t> TimeMember(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_number()) return std::nullopt;
  // Issuers send fractions, too. Seconds up to the year 9999 are exact to a millisecond in a double.
  const double ms = it->get<double>() * 1000;
  if (!(ms >= 0 && ms <= static_cast<double>(limits::kTimestampMs))) return std::nullopt;
  return static_cast<int64_t>(ms);
}

}  // namespace labyrinth::service
