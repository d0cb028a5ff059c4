// Text in HTML.
#ifndef LABYRINTH_TOOLS_BENCH_HTML_H_
#define LABYRINTH_TOOLS_BENCH_HTML_H_

#include <string>
#include <string_view>

namespace labyrinth::bench {

// As it may stand between tags, or within quotes in one.
inline std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_HTML_H_
