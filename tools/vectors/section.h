// A section of a file of known answers: lists of cases, run one by one.
#ifndef LABYRINTH_TOOLS_VECTORS_SECTION_H_
#define LABYRINTH_TOOLS_VECTORS_SECTION_H_

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>

#include "tools/vectors/fields.h"
#include "tools/vectors/report.h"

namespace labyrinth::vectors {

// Lists are optional (other implementations bring what they have), but a list that no runner asked for, and a section
// without any case, fail. Borrows its arguments; thread-compatible.
class Section {
 public:
  // `label` names the section in the report, `file` is the whole file.
  Section(std::string label, const Json& value, const Json& file, Report& report);
  ~Section();
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // Each element of the list under `key` is a case: an object, or a string. An empty key is the section itself.
  void ForEach(std::string_view key, const std::function<void(Fields&)>& run);
  void ForEachText(std::string_view key, const std::function<void(const std::string&, Outcome&)>& run);
  void ForEachHex(std::string_view key, const std::function<void(const std::string&, Outcome&)>& run);
  void ForEachInteger(std::string_view key, const std::function<void(uint64_t, Outcome&)>& run);

  // One case, called `key`, over the section's own fields; it may read others of them as well. Not optional.
  void Single(std::string_view key, const std::function<void(Fields&)>& run);
  bool Has(std::string_view key) const;
  // `key` is for readers, or told by another case.
  void Ignore(std::string_view key) { read_.emplace(key); }

  // A section inside this one, as xeddsa's `libsignal_made`.
  void Nested(std::string_view key, const std::function<void(Section&)>& run);

  // What a case takes from elsewhere: the section's own fields, the first element of a list of it, or another section.
  // Fails the case if it isn't there.
  Fields Self(Outcome& outcome) const;
  Fields First(std::string_view list, Outcome& outcome) const;
  Fields Other(std::string_view section, Outcome& outcome) const;

 private:
  using RunOne = std::function<void(const Json&, Outcome&)>;
  void ForEachElement(std::string_view key, const RunOne& run);
  void Add(std::string_view name, const Outcome& outcome);

  const std::string label_;
  const Json& value_;
  const Json& file_;
  Report& report_;
  std::set<std::string, std::less<>> read_;
  std::size_t cases_ = 0;
};

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_SECTION_H_
