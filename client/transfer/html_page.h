// What every page of an HTML export begins and ends with.
#ifndef LABYRINTH_CLIENT_TRANSFER_HTML_PAGE_H_
#define LABYRINTH_CLIENT_TRANSFER_HTML_PAGE_H_

#include <string>
#include <string_view>

namespace labyrinth::client {

// Up to and with <body>. `title` is plain text. The page's own style is the only thing that its policy allows.
std::string HtmlHead(std::string_view title);
std::string HtmlFoot(std::string_view zone_name);

// How many colours names are told apart by: the classes c0 to c7.
inline constexpr unsigned kNameColours = 8;

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_HTML_PAGE_H_
