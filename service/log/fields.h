// The closed set of what a log line may hold.
#ifndef LABYRINTH_SERVICE_LOG_FIELDS_H_
#define LABYRINTH_SERVICE_LOG_FIELDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "common/random.h"

namespace labyrinth::service {

// A name written in the source: lower-case letters and underscores, checked when it is compiled. Nothing that came with
// a call can become one.
class Word {
 public:
  consteval Word(const char* text) : text_(text) {  // NOLINT(google-explicit-constructor): literals are meant
    for (const char c : text_) {
      if ((c < 'a' || c > 'z') && c != '_') throw "a word has lower-case letters and underscores";
    }
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// Which call a line belongs to: random, drawn by the server, told to a caller who gets an internal error.
class RequestTag {
 public:
  static RequestTag Draw(RandomSource& random) {
    uint32_t value;
    random.Fill({reinterpret_cast<uint8_t*>(&value), sizeof(value)});
    return RequestTag(value);
  }
  uint32_t value() const { return value_; }

 private:
  explicit RequestTag(uint32_t value) : value_(value) {}
  uint32_t value_;
};

// What a line calls a mailbox; made by Pseudonyms alone.
class Pseudonym {
 public:
  const std::string& text() const { return text_; }

 private:
  friend class Pseudonyms;
  explicit Pseudonym(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Words about the operator's own files and settings ("jwks_file /etc/...: no keys"). Never about anything that came
// with a call: every use is to be found by this name.
class OperatorText {
 public:
  explicit OperatorText(std::string_view text) : text_(text) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_LOG_FIELDS_H_
