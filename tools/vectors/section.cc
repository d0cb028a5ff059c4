#include "tools/vectors/section.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace labyrinth::vectors {
namespace {

const Json& Nothing() {
  static const Json kNull;
  return kNull;
}

const Json& Find(const Json& object, std::string_view key) {
  if (!object.is_object()) return Nothing();
  const auto found = object.find(key);
  return found == object.end() ? Nothing() : *found;
}

// "sign[0] sign-0"
std::string CaseName(std::string_view list, std::size_t index, const Json& element) {
  std::string out = fmt::format("{}[{}]", list, index);
  const Json& name = Find(element, "name");
  if (name.is_string()) out += " " + name.get<std::string>();
  return out;
}

}  // namespace

Section::Section(std::string label, const Json& value, const Json& file, Report& report)
    : label_(std::move(label)), value_(value), file_(file), report_(report) {
  if (value_.is_object() || value_.is_array()) return;
  report_.Failed(label_, "-", "neither an object nor a list");
  ++cases_;
}

Section::~Section() {
  if (value_.is_object()) {
    for (const auto& [key, value] : value_.items()) {
      if (read_.contains(key) || IsForReadersOnly(key)) continue;
      report_.Failed(label_, key, "not a key that this section knows");
      ++cases_;
    }
  }
  if (cases_ == 0) report_.Failed(label_, "-", "holds no case");
}

void Section::Add(std::string_view name, const Outcome& outcome) {
  report_.Add(label_, name, outcome);
  ++cases_;
}

void Section::ForEachElement(std::string_view key, const RunOne& run) {
  if (!key.empty()) {
    read_.emplace(key);
    if (!Has(key)) return;
  }
  const Json& list = key.empty() ? value_ : Find(value_, key);
  if (!list.is_array()) {
    Outcome outcome;
    outcome.Fail("not a list");
    Add(key.empty() ? "-" : key, outcome);
    return;
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    Outcome outcome;
    run(list[i], outcome);
    Add(CaseName(key, i, list[i]), outcome);
  }
}

void Section::ForEach(std::string_view key, const std::function<void(Fields&)>& run) {
  ForEachElement(key, [&run](const Json& element, Outcome& outcome) {
    Fields fields(element, outcome);
    run(fields);
  });
}

void Section::ForEachText(std::string_view key, const std::function<void(const std::string&, Outcome&)>& run) {
  ForEachElement(key, [&run](const Json& element, Outcome& outcome) {
    if (!element.is_string()) return outcome.Fail("not a string");
    run(element.get_ref<const std::string&>(), outcome);
  });
}

void Section::ForEachHex(std::string_view key, const std::function<void(const std::string&, Outcome&)>& run) {
  ForEachText(key, [&run](const std::string& text, Outcome& outcome) {
    const std::optional<std::string> bytes = FromHex(text);
    if (!bytes.has_value()) return outcome.Fail("not hexadecimal");
    run(*bytes, outcome);
  });
}

void Section::ForEachInteger(std::string_view key, const std::function<void(uint64_t, Outcome&)>& run) {
  ForEachElement(key, [&run](const Json& element, Outcome& outcome) {
    if (!element.is_number_unsigned()) return outcome.Fail("not a whole number from 0 up");
    run(element.get<uint64_t>(), outcome);
  });
}

void Section::Single(std::string_view key, const std::function<void(Fields&)>& run) {
  read_.emplace(key);
  Outcome outcome;
  if (!Has(key)) outcome.Fail("missing");
  {
    Fields fields(value_, outcome, "", Fields::Reading::kPart);
    run(fields);
  }
  Add(key, outcome);
}

bool Section::Has(std::string_view key) const { return value_.is_object() && value_.contains(key); }

void Section::Nested(std::string_view key, const std::function<void(Section&)>& run) {
  read_.emplace(key);
  if (!Has(key)) return;
  Section nested(fmt::format("{}.{}", label_, key), Find(value_, key), file_, report_);
  ++cases_;
  run(nested);
}

Fields Section::Self(Outcome& outcome) const { return Fields(value_, outcome, "", Fields::Reading::kPart); }

Fields Section::First(std::string_view list, Outcome& outcome) const {
  const Json& elements = Find(value_, list);
  const bool there = elements.is_array() && !elements.empty();
  return Fields(there ? elements[0] : Nothing(), outcome, fmt::format("{}[0] ", list), Fields::Reading::kPart);
}

Fields Section::Other(std::string_view section, Outcome& outcome) const {
  return Fields(Find(file_, section), outcome, fmt::format("{}: ", section), Fields::Reading::kPart);
}

}  // namespace labyrinth::vectors
