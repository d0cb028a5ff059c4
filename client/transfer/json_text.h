// JSON for files and terminals.
#ifndef LABYRINTH_CLIENT_TRANSFER_JSON_TEXT_H_
#define LABYRINTH_CLIENT_TRANSFER_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace labyrinth::client {

// Compact, keys in their order of insertion, ending in a line feed. Control characters, C1 and delete included, are
// escaped, so that a terminal can show it. Strings must be UTF-8.
std::string JsonLine(const nlohmann::ordered_json& value);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_JSON_TEXT_H_
