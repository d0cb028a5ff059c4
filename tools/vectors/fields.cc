#include "tools/vectors/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace labyrinth::vectors {
namespace {

bool StartsWith(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }
bool EndsWith(std::string_view text, std::string_view part) {
  return text.size() >= part.size() && text.substr(text.size() - part.size()) == part;
}
bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string Difference(std::string_view expected, std::string_view actual) {
  if (expected.size() != actual.size()) {
    return fmt::format("expected {} bytes, got {}", expected.size(), actual.size());
  }
  const auto at = std::mismatch(expected.begin(), expected.end(), actual.begin());
  const auto byte = [](char c) { return static_cast<unsigned char>(c); };
  return fmt::format("differs at byte {} of {}: expected {:02x}, got {:02x}", at.first - expected.begin(),
                     expected.size(), byte(*at.first), byte(*at.second));
}

}  // namespace

bool IsForReadersOnly(std::string_view key) {
  return key == "name" || key == "note" || key == "implementation_defined" || StartsWith(key, "alt") ||
         Contains(key, "_alt_") || StartsWith(key, "peer_") || EndsWith(key, "_unpadded") ||
         EndsWith(key, "_raw_pub") || Contains(key, "real_client");
}

Fields::Fields(const Json& object, Outcome& outcome, std::string path, Reading reading)
    : object_(object.is_object() ? &object : nullptr), outcome_(outcome), path_(std::move(path)), reading_(reading) {
  if (object_ == nullptr) Fail("", "not an object");
}

Fields::~Fields() {
  if (object_ == nullptr || reading_ == Reading::kPart || outcome_.failed()) return;
  for (const auto& [key, value] : object_->items()) {
    if (!read_.contains(key) && !IsForReadersOnly(key)) Fail(key, "not a key that this section knows");
  }
}

bool Fields::Has(std::string_view key) const { return object_ != nullptr && object_->contains(key); }

const Json* Fields::Read(std::string_view key) {
  read_.emplace(key);
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(key);
  if (found != object_->end()) return &*found;
  Fail(key, "missing");
  return nullptr;
}

const Json& Fields::List(std::string_view key) {
  static const Json kEmpty = Json::array();
  const Json* value = Read(key);
  if (value == nullptr) return kEmpty;
  if (value->is_array()) return *value;
  Fail(key, "not a list");
  return kEmpty;
}

std::string Fields::Text(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  Fail(key, "not a string");
  return {};
}

std::string Fields::Hex(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr) return {};
  std::optional<std::string> bytes;
  if (value->is_string()) bytes = FromHex(value->get_ref<const std::string&>());
  if (!bytes.has_value()) Fail(key, "not hexadecimal");
  return std::move(bytes).value_or("");
}

std::optional<std::string> Fields::HexOrNull(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return Hex(key);
}

std::optional<uint64_t> Fields::IntegerOrNull(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return Integer(key);
}

uint64_t Fields::Integer(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  Fail(key, "not a whole number from 0 up");
  return 0;
}

int64_t Fields::Signed(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<int64_t>();
  Fail(key, "not a whole number");
  return 0;
}

uint64_t Fields::Decimal(std::string_view key) {
  const std::string text = Text(key);
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && fmt::format("{}", out) == text) return out;
  Fail(key, "not a decimal number without leading zeros");
  return 0;
}

bool Fields::Bool(std::string_view key) {
  const Json* value = Read(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Fail(key, "neither true nor false");
  return false;
}

std::vector<uint64_t> Fields::Integers(std::string_view key) {
  std::vector<uint64_t> out;
  for (const Json& element : List(key)) {
    if (!element.is_number_unsigned()) Fail(key, "not a list of whole numbers");
    out.push_back(element.is_number_unsigned() ? element.get<uint64_t>() : 0);
  }
  return out;
}

std::vector<std::vector<uint64_t>> Fields::IntegerLists(std::string_view key) {
  std::vector<std::vector<uint64_t>> out;
  for (const Json& list : List(key)) {
    out.emplace_back();
    if (!list.is_array()) Fail(key, "not a list of lists");
    for (const Json& element : list) {
      if (!element.is_number_unsigned()) Fail(key, "not lists of whole numbers");
      out.back().push_back(element.is_number_unsigned() ? element.get<uint64_t>() : 0);
    }
  }
  return out;
}

std::vector<std::string> Fields::HexList(std::string_view key) {
  std::vector<std::string> out;
  for (const Json& element : List(key)) {
    std::optional<std::string> bytes;
    if (element.is_string()) bytes = FromHex(element.get_ref<const std::string&>());
    if (!bytes.has_value()) Fail(key, "not a list of hexadecimal strings");
    out.push_back(std::move(bytes).value_or(""));
  }
  return out;
}

std::map<std::string, std::string> Fields::TextMap(std::string_view key) {
  std::map<std::string, std::string> out;
  const Json* value = Read(key);
  if (value == nullptr) return out;
  if (!value->is_object() || value->empty()) Fail(key, "not an object of strings");
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) Fail(key, "not an object of strings");
    out[name] = text.is_string() ? text.get<std::string>() : "";
  }
  return out;
}

Fields Fields::Object(std::string_view key, Reading reading) {
  static const Json kEmpty = Json::object();
  const Json* value = Read(key);
  return Fields(value == nullptr ? kEmpty : *value, outcome_, fmt::format("{}{}.", path_, key), reading);
}

void Fields::ForEach(std::string_view key, const std::function<void(Fields&)>& run) {
  const Json& list = List(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    Fields element(list[i], outcome_, fmt::format("{}{}[{}].", path_, key, i), reading_);
    run(element);
  }
}

void Fields::Expect(std::string_view key, std::string_view actual) {
  const std::string expected = Hex(key);
  if (expected != actual) Fail(key, Difference(expected, actual));
}

void Fields::Expect(std::string_view key, const absl::StatusOr<std::string>& actual) {
  if (Ok(actual, key)) Expect(key, std::string_view(*actual));
}

void Fields::Expect(std::string_view key, const absl::StatusOr<crypto::Secret>& actual) {
  if (Ok(actual, key)) Expect(key, *actual);
}

void Fields::ExpectText(std::string_view key, std::string_view actual) {
  const std::string expected = Text(key);
  if (expected != actual) Fail(key, fmt::format("expected \"{}\", got \"{}\"", expected, actual));
}

void Fields::ExpectInteger(std::string_view key, uint64_t actual) {
  const uint64_t expected = Integer(key);
  if (expected != actual) Fail(key, fmt::format("expected {}, got {}", expected, actual));
}

void Fields::Check(bool holds, std::string_view what) {
  if (!holds) outcome_.Fail(fmt::format("{}{}", path_, what));
}

void Fields::ExpectRefused(const absl::Status& status, std::string_view what) {
  if (status.ok()) outcome_.Fail(fmt::format("{}{}: accepted, expected a refusal", path_, what));
}

void Fields::ExpectRefusedAs(const absl::Status& status) {
  const std::string refused = Text("refused");
  if (status.ok()) return Fail("refused", "accepted");
  if (!Contains(std::string(status.message()), refused))
    Fail("refused", fmt::format("but for '{}'", std::string(status.message())));
}

bool Fields::Ok(const absl::Status& status, std::string_view what) {
  if (status.ok()) return true;
  outcome_.Fail(fmt::format("{}{}: refused: {}", path_, what, std::string(status.message())));
  return false;
}

void Fields::Fail(std::string_view key, std::string_view why) {
  outcome_.Fail(fmt::format("{}{}: {}", path_, key, why));
}

}  // namespace labyrinth::vectors
