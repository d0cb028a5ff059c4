// Strict reading of one case of a file of known answers.
#ifndef LABYRINTH_TOOLS_VECTORS_FIELDS_H_
#define LABYRINTH_TOOLS_VECTORS_FIELDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "crypto/primitives/secret.h"
#include "tools/vectors/report.h"

namespace labyrinth::vectors {

using Json = nlohmann::json;

// True for the keys that vectors/README says never to assert on (other readings of the paper), and for notes and names.
bool IsForReadersOnly(std::string_view key);

// The object of one case. A key that is missing or of another form than asked for fails the case, and reads as zeros or
// nothing so that the caller may go on. A key that nothing read and that isn't for readers only fails the case as well:
// an answer that nobody checks proves nothing. Borrows its arguments; thread-compatible.
class Fields {
 public:
  enum class Reading { kWhole, kPart };  // kPart: keys may stay unread

  Fields(const Json& object, Outcome& outcome, std::string path = "", Reading reading = Reading::kWhole);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool Has(std::string_view key) const;

  std::string Text(std::string_view key);
  std::string Hex(std::string_view key);
  std::optional<std::string> HexOrNull(std::string_view key);
  std::optional<uint64_t> IntegerOrNull(std::string_view key);
  uint64_t Integer(std::string_view key);
  // A time: may be negative.
  int64_t Signed(std::string_view key);
  // A string of decimal digits: ids are given so.
  uint64_t Decimal(std::string_view key);
  bool Bool(std::string_view key);
  std::vector<uint64_t> Integers(std::string_view key);
  std::vector<std::vector<uint64_t>> IntegerLists(std::string_view key);
  std::vector<std::string> HexList(std::string_view key);
  std::map<std::string, std::string> TextMap(std::string_view key);
  // A child inherits the way of reading unless told.
  Fields Object(std::string_view key) { return Object(key, reading_); }
  Fields Object(std::string_view key, Reading reading);
  // Each element of the list of objects under `key`.
  void ForEach(std::string_view key, const std::function<void(Fields&)>& run);

  crypto::Secret SecretOf(std::string_view key) { return crypto::Secret::CopyOf(Hex(key)); }
  template <typename Fixed>
  Fixed FixedOf(std::string_view key) {
    const std::optional<Fixed> bytes = Fixed::From(Hex(key));
    if (!bytes.has_value()) Fail(key, "has the wrong length");
    return bytes.value_or(Fixed());
  }

  // Answers. A mismatch names the first byte that differs.
  void Expect(std::string_view key, std::string_view actual);
  void Expect(std::string_view key, const std::string& actual) { Expect(key, std::string_view(actual)); }
  void Expect(std::string_view key, const crypto::Secret& actual) { Expect(key, actual.RevealSecret()); }
  void Expect(std::string_view key, const absl::StatusOr<std::string>& actual);
  void Expect(std::string_view key, const absl::StatusOr<crypto::Secret>& actual);
  void ExpectText(std::string_view key, std::string_view actual);
  void ExpectInteger(std::string_view key, uint64_t actual);
  void Check(bool holds, std::string_view what);
  void ExpectRefused(const absl::Status& status, std::string_view what);
  template <typename T>
  void ExpectRefused(const absl::StatusOr<T>& result, std::string_view what) {
    ExpectRefused(result.status(), what);
  }

  // An error whose text holds the case's `refused`.
  void ExpectRefusedAs(const absl::Status& status);

  // False, after failing the case, unless it is OK.
  bool Ok(const absl::Status& status, std::string_view what);
  template <typename T>
  bool Ok(const absl::StatusOr<T>& result, std::string_view what) {
    return Ok(result.status(), what);
  }

  void Fail(std::string_view key, std::string_view why);
  Outcome& outcome() { return outcome_; }

 private:
  // Null, after failing the case, if there is no such key.
  const Json* Read(std::string_view key);
  // Empty, after failing the case, if there is no such list.
  const Json& List(std::string_view key);

  const Json* object_;
  Outcome& outcome_;
  const std::string path_;
  const Reading reading_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_FIELDS_H_
