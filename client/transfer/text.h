// Text that came from somewhere else: UTF-8 checks, the repair of Messenger's escaping, and a form safe to print.
#ifndef LABYRINTH_CLIENT_TRANSFER_TEXT_H_
#define LABYRINTH_CLIENT_TRANSFER_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::client {

// The code point at the start of `text` and its length in bytes; nullopt if `text` is empty or doesn't start with
// well-formed UTF-8 (overlong forms, surrogates and values above U+10FFFF are refused).
struct CodePoint {
  uint32_t value = 0;
  std::size_t size_bytes = 0;
};
std::optional<CodePoint> FirstCodePoint(std::string_view text);

bool IsValidUtf8(std::string_view text);

// Messenger writes every byte of a string's UTF-8 as an escape of its own ("\u00c3\u00bc" for one u-umlaut), so a JSON
// parser returns UTF-8 text whose code points are bytes.
enum class Latin1Repair {
  kPlain,     // nothing to repair: ASCII only
  kRepaired,  // replaced by the UTF-8 that the bytes spell
  kKept,      // left alone: a code point above U+00FF, or bytes that aren't UTF-8
};
// Undoes that in place. `text` must be valid UTF-8.
Latin1Repair RepairLatin1(std::string& text);

// `text` for a terminal or an error line: control characters, the characters that reorder text, and bytes that aren't
// UTF-8 appear as \xNN or \u{NNNN}, so that a message can't drive the terminal that shows it or forge a line.
std::string Printable(std::string_view text);
// The same, but line feeds and tabs stay.
std::string PrintableLines(std::string_view text);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_TEXT_H_
