// File names out of messages, made harmless.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_SAFE_NAME_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_SAFE_NAME_H_

#include <string>
#include <string_view>

namespace labyrinth::client {

// One component of a path, 1 to 120 bytes of UTF-8, on any file system: what follows the last slash or backslash of
// `claimed`, without control characters, characters that reorder text, those that other systems reserve, leading dots
// and trailing dots or spaces, and not one of the names that other systems give to devices. The extension stays. "file"
// if nothing is left.
std::string SafeFileName(std::string_view claimed);

// "photo.jpg" and 2: "photo-2.jpg".
std::string NumberedFileName(std::string_view safe_name, int number);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_SAFE_NAME_H_
