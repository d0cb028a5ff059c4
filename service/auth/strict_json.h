// JSON from outside, read without surprises.
#ifndef LABYRINTH_SERVICE_AUTH_STRICT_JSON_H_
#define LABYRINTH_SERVICE_AUTH_STRICT_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::service {

// One JSON object (RFC 8259, valid UTF-8) in which no member name occurs twice at any depth, nested at most 8 deep:
// parsers that disagree about a repeated name disagree about what was signed. nullopt otherwise; never throws.
std::optional<nlohmann::json> ParseStrictObject(std::string_view text);

// The string member `name`; nullopt if there is none or it is of another type.
std::optional<std::string> StringMember(const nlohmann::json& object, const char* name);

// A NumericDate (RFC 7519) member as milliseconds; nullopt unless it is a number from 0 to the year 9999.
std::optional<int64_t> TimeMember(const nlohmann::json& object, const char* name);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_STRICT_JSON_H_
