#include "client/transfer/thread_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "client/transfer/text.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

using Json = nlohmann::json;

// The values that we read, by where they stand. Everything else is skipped.
enum class Place { kRoot, kParticipants, kParticipant, kMessages, kMessage, kShare, kCounted, kSkipped };
enum class Type { kString, kInteger, kObject, kArray };

struct Field {
  Place in;
  std::string_view key;
  Type type;
  Place inner = Place::kSkipped;               // objects and arrays: the place that they open
  uint64_t ExportOmissions::*count = nullptr;  // raised once an element; by one for an object or a number
  std::string_view noun = {};                  // of one counted thing, where the message names what was left out
};

constexpr std::array kFields{
    Field{Place::kRoot, "title", Type::kString},
    Field{Place::kRoot, "thread_path", Type::kString},
    Field{Place::kRoot, "participants", Type::kArray, Place::kParticipants},
    Field{Place::kRoot, "messages", Type::kArray, Place::kMessages},
    Field{Place::kParticipant, "name", Type::kString},
    Field{Place::kMessage, "sender_name", Type::kString},
    Field{Place::kMessage, "timestamp_ms", Type::kInteger},
    Field{Place::kMessage, "content", Type::kString},
    Field{Place::kMessage, "share", Type::kObject, Place::kShare},
    Field{Place::kMessage, "photos", Type::kArray, Place::kCounted, &ExportOmissions::photos, "photo"},
    Field{Place::kMessage, "videos", Type::kArray, Place::kCounted, &ExportOmissions::videos, "video"},
    Field{Place::kMessage, "audio_files", Type::kArray, Place::kCounted, &ExportOmissions::audio_files, "audio file"},
    Field{Place::kMessage, "gifs", Type::kArray, Place::kCounted, &ExportOmissions::gifs, "GIF"},
    Field{Place::kMessage, "files", Type::kArray, Place::kCounted, &ExportOmissions::files, "file"},
    Field{Place::kMessage, "sticker", Type::kObject, Place::kSkipped, &ExportOmissions::stickers, "sticker"},
    Field{Place::kMessage, "call_duration", Type::kInteger, Place::kSkipped, &ExportOmissions::calls, "call"},
    Field{Place::kMessage, "reactions", Type::kArray, Place::kCounted, &ExportOmissions::reactions},
    Field{Place::kShare, "link", Type::kString},
};

// Element types of the arrays that hold objects.
constexpr Field kParticipantElement{Place::kParticipants, {}, Type::kObject, Place::kParticipant};
constexpr Field kMessageElement{Place::kMessages, {}, Type::kObject, Place::kMessage};

std::string_view Expected(Type type) {
  switch (type) {
    case Type::kString:
      return "expected a string";
    case Type::kInteger:
      return "expected a whole number";
    case Type::kObject:
      return "expected an object";
    case Type::kArray:
      return "expected an array";
  }
  return {};
}

// One message while it is read.
struct Draft {
  ExportMessage message;
  bool has_sender = false;
  bool has_time = false;
  std::string link;
  ExportOmissions omissions;
};

// Receives the events of nlohmann's parser; a method that returns false ends the parse, with the cause in status().
class Reader final : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(const ExportLimits& limits) : limits_(limits) {}

  absl::Status status() const { return status_; }
  bool has_messages() const { return has_messages_; }
  ThreadFile Take() { return std::move(file_); }

  bool null() override {
    // Absent, except as an element of an array.
    if (stack_.empty() || IsArray(stack_.back().place)) return Scalar(std::nullopt);
    return true;
  }
  bool boolean(bool) override { return Scalar(std::nullopt); }
  bool number_float(double, const std::string&) override { return Scalar(std::nullopt); }
  bool binary(Json::binary_t&) override { return Scalar(std::nullopt); }
  bool number_integer(int64_t value) override { return Integer(value < 0 ? -1 : value); }
  bool number_unsigned(uint64_t value) override {
    return Integer(value > static_cast<uint64_t>(limits::kTimestampMs) ? -1 : static_cast<int64_t>(value));
  }

  bool string(std::string& value) override {
    const Field* field = nullptr;
    if (!Scalar(Type::kString, &field)) return false;
    return field == nullptr || TakeString(*field, value);
  }

  bool start_object(std::size_t) override { return Open(Type::kObject); }
  bool start_array(std::size_t) override { return Open(Type::kArray); }
  bool key(std::string& name) override {
    stack_.back().key = name;
    return true;
  }
  bool end_array() override {
    stack_.pop_back();
    return true;
  }
  bool end_object() override {
    const Place place = stack_.back().place;
    if (place == Place::kMessage && !FinishMessage()) return false;
    stack_.pop_back();
    return true;
  }

  // nlohmann's own text quotes the input, which is somebody's message.
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    status_ = absl::InvalidArgumentError(fmt::format("not valid JSON at byte {}", position));
    return false;
  }

 private:
  struct Frame {
    explicit Frame(Place p, const Field* f = nullptr) : place(p), field(f) {}
    Place place;
    const Field* field;  // that opened it
    std::string key;     // objects: the last key
    uint64_t index = 0;  // arrays: elements begun
  };

  static bool IsArray(Place place) {
    return place == Place::kParticipants || place == Place::kMessages || place == Place::kCounted;
  }

  bool Fail(std::string_view why) {
    std::string where;
    for (const Frame& frame : stack_) {
      if (frame.place == Place::kSkipped) break;
      if (IsArray(frame.place)) {
        where += fmt::format("[{}]", frame.index == 0 ? 0 : frame.index - 1);
      } else if (!frame.key.empty()) {
        where += (where.empty() ? "" : ".") + Printable(frame.key);
      }
    }
    status_ = absl::InvalidArgumentError(where.empty() ? std::string(why) : fmt::format("{}: {}", where, why));
    return false;
  }

  // The field that the value about to come belongs to; nullptr if it is skipped.
  const Field* NextField() {
    Frame& top = stack_.back();
    if (IsArray(top.place)) ++top.index;
    if (top.place == Place::kParticipants) return &kParticipantElement;
    if (top.place == Place::kMessages) return &kMessageElement;
    for (const Field& field : kFields) {
      if (field.in == top.place && field.key == top.key) return &field;
    }
    return nullptr;
  }

  bool Open(Type type) {
    if (stack_.empty()) {
      if (type != Type::kObject) return Fail("expected an object at the top");
      stack_.push_back(Frame(Place::kRoot));
      return true;
    }
    if (stack_.size() >= limits_.json_depth) return Fail("nested too deeply");
    CountElement();
    const Field* field = NextField();
    if (field != nullptr && field->type != type) return Fail(Expected(field->type));
    if (field != nullptr && type == Type::kObject && field->count != nullptr) ++(draft_.omissions.*field->count);
    const Place inner = field == nullptr ? Place::kSkipped : field->inner;
    if (inner == Place::kMessage) draft_ = Draft();
    if (inner == Place::kMessages) has_messages_ = true;
    stack_.push_back(Frame(inner, field));
    return true;
  }

  void CountElement() {
    const Frame& top = stack_.back();
    if (top.place == Place::kCounted) ++(draft_.omissions.*top.field->count);
  }

  // `type` is nullopt for a value that no field takes.
  bool Scalar(std::optional<Type> type, const Field** field_out = nullptr) {
    if (stack_.empty()) return Fail("expected an object at the top");
    CountElement();
    const Field* field = NextField();
    if (field != nullptr && type != field->type) return Fail(Expected(field->type));
    if (field_out != nullptr) *field_out = field;
    return true;
  }

  // `value` is -1 if it isn't a time.
  bool Integer(int64_t value) {
    const Field* field = nullptr;
    if (!Scalar(Type::kInteger, &field)) return false;
    if (field == nullptr) return true;
    if (field->count != nullptr) {
      ++(draft_.omissions.*field->count);
      return true;
    }
    if (value < 0) return Fail(fmt::format("not a time from 0 to {} (year 9999)", limits::kTimestampMs));
    draft_.message.timestamp_ms = value;
    draft_.has_time = true;
    return true;
  }

  bool TakeString(const Field& field, std::string& value) {
    ExportOmissions& omissions =
        field.in == Place::kMessage || field.in == Place::kShare ? draft_.omissions : file_.omissions;
    if (RepairLatin1(value) == Latin1Repair::kKept) ++omissions.unrepaired_strings;
    if ((field.key == "title" || field.key == "thread_path") && value.size() > limits_.title_bytes) {
      return Fail(fmt::format("longer than {} bytes", limits_.title_bytes));
    }
    if (field.key == "title") {
      file_.title = std::move(value);
    } else if (field.key == "thread_path") {
      file_.thread_path = std::move(value);
    } else if (field.key == "name") {
      file_.participants.push_back(std::move(value));
    } else if (field.key == "sender_name") {
      draft_.message.sender = std::move(value);
      draft_.has_sender = true;
    } else if (field.key == "content") {
      draft_.message.content = std::move(value);
    } else {
      draft_.link = std::move(value);
    }
    return true;
  }

  bool FinishMessage() {
    stack_.back().key.clear();
    if (!draft_.has_time) return Fail("timestamp_ms is missing");
    if (!draft_.has_sender) ++draft_.omissions.messages_without_sender;
    std::string& content = draft_.message.content;
    const auto append = [&content](std::string_view line) {
      if (!content.empty()) content += '\n';
      content += line;
    };
    const bool had_text = !content.empty();
    if (!draft_.link.empty() && content.find(draft_.link) == std::string::npos) append(draft_.link);
    const std::string left_out = LeftOut(had_text);
    if (!left_out.empty()) append(fmt::format("[not imported: {}]", left_out));
    if (content.empty()) ++draft_.omissions.messages_without_content;
    if (content.size() + draft_.message.sender.size() > limits_.content_bytes) {
      return Fail(fmt::format("longer than {} bytes", limits_.content_bytes));
    }
    file_.omissions += draft_.omissions;
    file_.messages.push_back(std::move(draft_.message));
    return true;
  }

  // "2 photos, 1 video". A call that has a text is described by it.
  std::string LeftOut(bool had_text) const {
    std::string out;
    for (const Field& field : kFields) {
      if (field.noun.empty() || (had_text && field.count == &ExportOmissions::calls)) continue;
      const uint64_t n = draft_.omissions.*field.count;
      if (n > 0) out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", n, field.noun, n == 1 ? "" : "s");
    }
    return out;
  }

  const ExportLimits& limits_;
  std::vector<Frame> stack_;
  Draft draft_;
  ThreadFile file_;
  bool has_messages_ = false;
  absl::Status status_;
};

// Messenger writes newest first; a file in ascending order was written by somebody else.
void SortOldestFirst(std::vector<ExportMessage>& messages) {
  if (messages.empty()) return;
  if (messages.front().timestamp_ms >= messages.back().timestamp_ms) std::reverse(messages.begin(), messages.end());
  std::stable_sort(messages.begin(), messages.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
}

uint64_t DropRepeated(std::vector<ExportMessage>& messages) {
  std::vector<bool> repeated(messages.size());
  {
    absl::flat_hash_set<std::pair<std::string, std::string>> seen;  // of one millisecond
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const ExportMessage& m = messages[i];
      const bool alone = (i == 0 || messages[i - 1].timestamp_ms != m.timestamp_ms) &&
                         (i + 1 == messages.size() || messages[i + 1].timestamp_ms != m.timestamp_ms);
      if (i > 0 && messages[i - 1].timestamp_ms != m.timestamp_ms) seen.clear();
      if (!alone) repeated[i] = !seen.emplace(m.sender, m.content).second;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (repeated[i]) continue;
    if (kept != i) messages[kept] = std::move(messages[i]);
    ++kept;
  }
  const uint64_t dropped = messages.size() - kept;
  messages.resize(kept);
  return dropped;
}

}  // namespace

absl::StatusOr<ThreadFile> ParseThreadFile(std::string_view json, const ExportLimits& limits) {
  Reader reader(limits);
  bool complete;
  try {
    complete = Json::sax_parse(json.begin(), json.end(), &reader);
  } catch (const std::exception&) {
    return absl::InvalidArgumentError("not valid JSON");
  }
  if (!complete) return reader.status();
  if (!reader.has_messages()) return absl::InvalidArgumentError("messages: missing");
  ThreadFile file = reader.Take();
  SortOldestFirst(file.messages);
  file.omissions.repeated_messages = DropRepeated(file.messages);
  return file;
}

}  // namespace labyrinth::client
