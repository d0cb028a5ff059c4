// Text from somewhere else inside HTML.
#ifndef LABYRINTH_CLIENT_TRANSFER_HTML_TEXT_H_
#define LABYRINTH_CLIENT_TRANSFER_HTML_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace labyrinth::client {

// For element content and for attributes in double quotes: nothing in `text` is markup any more. Line feeds and tabs
// stay; other control characters, and bytes that aren't UTF-8, become U+FFFD. Direction controls stay: whoever places
// the result isolates it (<bdi>, dir="auto").
std::string EscapeHtml(std::string_view text);

// A relative path for href: what isn't a letter, a digit or one of "-._~/" is percent-encoded.
std::string EscapeUrlPath(std::string_view path);

// Whether a browser that opens a local file of this name only shows or plays it. Of others (pages and drawings, which
// can hold scripts, and unknown kinds) a page shows the path and no link.
bool IsPassiveFile(std::string_view name);

// `text` in one line of at most `characters` code points, "…" for what was cut. Not escaped.
std::string OneLine(std::string_view text, std::size_t characters);

// "512 bytes", "1.4 kB", "23 MB".
std::string SizeText(uint64_t size_bytes);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_HTML_TEXT_H_
