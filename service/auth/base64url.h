// Base64url without padding (RFC 4648 section 5; RFC 7515 section 2), strictly: one text for each byte string.
#ifndef LABYRINTH_SERVICE_AUTH_BASE64URL_H_
#define LABYRINTH_SERVICE_AUTH_BASE64URL_H_

#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::service {

std::string EncodeBase64Url(std::string_view bytes);

// nullopt for padding, any other alphabet, an impossible length, or non-zero bits after the last byte: without that
// last check several texts would carry one signature, and tokens that differ would mean the same.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_BASE64URL_H_
