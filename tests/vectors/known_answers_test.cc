// Runs the known answers of this folder, and proves that the run can fail: whatever value of a file is changed, some
// case notices, and whatever must be refused is missed when it is replaced by something acceptable.
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/labyrinth/gf32.h"
#include "tools/vectors/report.h"
#include "tools/vectors/run_file.h"

namespace labyrinth::vectors {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// The protocol's, and what it leaves out.
const json& KnownAnswers() {
  static const json kFile = LoadFile("tests/vectors/labyrinth-v1.json").value();
  return kFile;
}
const json& ExtraAnswers() {
  static const json kFile = LoadFile("tests/vectors/labyrinth-extra.json").value();
  return kFile;
}
const json& Answers(bool extra) { return extra ? ExtraAnswers() : KnownAnswers(); }

std::set<std::string> SectionNames(const json& file) {
  std::set<std::string> out;
  for (const auto& [name, value] : file.items()) {
    if (name != "meta" && name != "ambiguities") out.insert(name);
  }
  return out;
}

struct Result {
  std::size_t passed, failed;
  std::string text;
};

// Runs `section` of `file` alone; the others are there for it to refer to.
Result RunSection(const json& file, const std::string& section) {
  std::set<std::string> skip = SectionNames(file);
  skip.erase(section);
  std::ostringstream out;
  Report report(out);
  RunFile(file, skip, "", out, report);
  return {report.passed(), report.failed(), out.str()};
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// What vectors/README says never to assert on, spelled again here on purpose: a runner that ignored more than this
// would be found out.
bool IsOtherReading(std::string_view key) {
  return key.substr(0, 3) == "alt" || Contains(key, "_alt_") || key.substr(0, 5) == "peer_" ||
         Contains(key, "_unpadded") || Contains(key, "real_client") || Contains(key, "_raw_pub") ||
         key == "implementation_defined";
}

// Free text for readers.
bool IsProse(std::string_view key) {
  return key == "note" || key == "name" || key == "cross_checks" || key == "ecc_properties";
}

// Inputs that must be refused: changed, they mostly still must.
bool IsRefusal(std::string_view key) {
  return key.substr(0, 9) == "must_fail" || key.substr(0, 6) == "reject" || key.substr(0, 11) == "must_reject" ||
         key.substr(0, 8) == "must_not" || key == "bad_encodings" || key == "small_order_u_must_be_rejected";
}

// Where another value is as good: the last epoch's id, which enters the keys of the epoch after it alone, and the
// matrix, which only has to have its properties (a test of its own breaks them).
bool IsFree(const Pointer& at) {
  return at == Pointer("/epoch_chain/epochs/3/epoch_id") ||
         at.to_string().find("/ecc_existence_example/columns/") != std::string::npos;
}

void CollectLeaves(const json& value, const Pointer& at, std::vector<Pointer>& out) {
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      if (!IsOtherReading(key) && !IsProse(key) && !IsRefusal(key)) CollectLeaves(child, at / key, out);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) CollectLeaves(value[i], at / i, out);
  } else if (!IsFree(at)) {
    out.push_back(at);
  }
}

bool IsHex(const std::string& text) {
  return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Changes a value so that no definition ignores the change: X25519 ignores the first and last bits of its inputs, PADMÉ
// maps neighbouring lengths to one, padding bytes aren't judged, so there it is the length that changes, and what must
// be accepted becomes no number.
void Change(json& leaf, const Pointer& at) {
  if (leaf.is_boolean()) {
    leaf = !leaf.get<bool>();
  } else if (leaf.is_number_unsigned()) {
    leaf = leaf.get<uint64_t>() * 3 + 11;
  } else if (leaf.is_number_integer()) {
    leaf = leaf.get<int64_t>() - 1;
  } else if (leaf.is_null() || leaf == "") {
    leaf = "01";
  } else {
    std::string text = leaf.get<std::string>();
    // Of a random byte that draws a symbol, the low bits count.
    char& c = text[at.back() == "padded"                                ? 7
                   : at.back() == "random" || at.back() == "account_id" ? 1
                                                                        : text.size() / 2];
    c = IsHex(text) && at.parent_pointer().back() != "accept" ? (c == '7' ? '3' : '7') : (c == 'X' ? 'Y' : 'X');
    leaf = text;
  }
}

TEST_CASE("every section passes") {
  const json& answers = Answers(GENERATE(false, true));
  for (const std::string& section : SectionNames(answers)) {
    const Result result = RunSection(answers, section);
    INFO(result.text);
    CHECK(result.failed == 0);
    CHECK(result.passed > 0);
  }
}

TEST_CASE("a change of any one value fails its section") {
  const json& answers = Answers(GENERATE(false, true));
  for (const std::string& section : SectionNames(answers)) {
    std::vector<Pointer> leaves;
    CollectLeaves(answers[section], Pointer() / section, leaves);
    CHECK((!leaves.empty() || section == "message_versions"));  // of refusals alone
    json file = answers;
    for (const Pointer& leaf : leaves) {
      const json before = file[leaf];
      Change(file[leaf], leaf);
      INFO(leaf.to_string() << " = " << file[leaf].dump().substr(0, 100));
      CHECK(RunSection(file, section).failed > 0);
      file[leaf] = before;
    }
  }
}

TEST_CASE("a key that is missing fails its case, and none crashes the run") {
  const json& answers = Answers(GENERATE(false, true));
  for (const std::string& section : SectionNames(answers)) {
    std::vector<Pointer> leaves;
    CollectLeaves(answers[section], Pointer() / section, leaves);
    json file = answers;
    for (const Pointer& leaf : leaves) {
      json& parent = file[leaf.parent_pointer()];
      // What stands in a list, or in a table that is one in all but form, may be fewer.
      if (!parent.is_object() || leaf.parent_pointer().back() == "homoglyphs") continue;
      const json before = parent;
      parent.erase(leaf.back());
      INFO(leaf.to_string());
      const Result result = RunSection(file, section);
      CHECK(result.failed > 0);
      parent = before;
    }
  }
}

TEST_CASE("a value of any other type fails, and none crashes the run") {
  const json& answers = Answers(GENERATE(false, true));
  const std::vector<json> others = {nullptr,
                                    true,
                                    -1,
                                    1e300,
                                    "zz",
                                    "0f",
                                    json::array(),
                                    json::object(),
                                    json::array({1}),
                                    "0x",
                                    std::string(1000, '0')};
  for (const std::string& section : SectionNames(answers)) {
    std::vector<Pointer> leaves;
    CollectLeaves(answers[section], Pointer() / section, leaves);
    json file = answers;
    // One leaf in seven stands for the rest, in turn with the replacements.
    for (std::size_t i = 0; i < leaves.size(); i += 7) {
      const json before = file[leaves[i]];
      for (const json& other : others) {
        if (other == before) continue;
        file[leaves[i]] = other;
        INFO(leaves[i].to_string() << " = " << other.dump().substr(0, 100));
        CHECK(RunSection(file, section).failed > 0);
      }
      file[leaves[i]] = before;
    }
    for (const json& other : others) {
      json whole = answers;
      whole[section] = other;
      INFO(section << " = " << other.dump().substr(0, 100));
      CHECK(RunSection(whole, section).failed > 0);
    }
  }
}

// Each list of refusals gets something that must not be refused.
TEST_CASE("a refusal that doesn't come fails its case") {
  struct Row {
    const char* list;
    std::function<json(const json&)> acceptable;
    bool extra = false;
  };
  const auto entry = [](const json& file, const char* key) { return file["membership_log"]["entries"][4][key]; };
  const auto value = [](const char* at) { return [at](const json& file) { return file[Pointer(at)]; }; };
  const auto one_time = [](const char* step) {
    return [step](const json& file) {
      return json{{step, file["one_time_codes"]["vectors"][0][step]}, {"refused", ""}};
    };
  };
  const std::vector<Row> rows = {
      {"/aes_gcm_extended/must_fail_decrypt",
       [](const json& file) {
         const json& v = file["aes_gcm_extended"]["vectors"][1];
         return json{{"key", v["key"]}, {"aad", v["aad"]}, {"input", v["output"]}};
       }},
      {"/padding/must_fail_unpad",
       [](const json& file) {
         return json{{"padded", file["padding"]["must_unpad"][0]["padded"]}};
       }},
      {"/x25519/small_order_u_must_be_rejected", value("/x25519/vectors/0/u")},
      {"/hpke/must_fail_encrypt",
       [](const json&) {
         return json{{"psk_len", 32}};
       }},
      {"/hpke/must_fail_decrypt_from_vector_0",
       [](const json&) {
         return json{{"changes", json::object()}};
       }},
      {"/xeddsa/must_not_verify",
       [](const json& file) {
         const json& v = file["xeddsa"]["sign"][0];
         return json{{"pub", v["pub"]}, {"signed_message", v["signed_message"]}, {"signature", v["signature"]}};
       }},
      {"/ristretto255/bad_encodings", value("/ristretto255/base_multiples_1_to_8/0")},
      {"/previous_sequence_id_validation/reject", [](const json&) { return json("7"); }},
      {"/messages/reject_versions", [](const json&) { return json(3); }},
      {"/recovery_code/must_reject_format", value("/recovery_code/vectors/0/code_with_arbitrary_ecc")},
      {"/orf/must_fail",
       [](const json& file) {
         return json{{"oblivious_id", file["orf"]["vectors"][0]["oblivious_id"]}};
       }},
      {"/orf/must_fail",
       [](const json& file) {
         return json{{"client_state", file["orf"]["vectors"][0]["client_state"]}};
       }},
      {"/orf/must_fail",
       [](const json& file) {
         return json{{"rotation_token", file["orf"]["vectors"][0]["evolve_steps"][0]["rotation_token"]}};
       }},
      {"/membership_log/reject_entries",
       [entry](const json& file) {
         return json{{"entry", entry(file, "entry")}, {"refused", ""}};
       },
       true},
      {"/membership_log/must_not_follow",
       [entry](const json& file) {
         return json{
             {"after", 4}, {"entry", entry(file, "entry")}, {"signature", entry(file, "signature")}, {"refused", ""}};
       },
       true},
      {"/epoch_commitments/must_fail",
       [](const json& file) {
         const json& v = file["epoch_commitments"]["vectors"][1];
         return json{{"log_length", v["log_length"]},
                     {"epoch_root_key", v["epoch_root_key"]},
                     {"epoch_sequence", v["epoch_sequence"]},
                     {"commitment", v["commitment"]},
                     {"refused", ""}};
       },
       true},
      {"/session_statements/must_not_verify",
       [](const json& file) {
         json out = file["session_statements"]["vectors"][0];
         for (const char* key : {"account_token_hash", "device_key_priv", "Z", "statement"}) out.erase(key);
         return out;
       },
       true},
      {"/sign_in_challenges/must_fail",
       [](const json& file) {
         const json& v = file["sign_in_challenges"]["vectors"][0];
         return json{{"account_id", v["account_id"]},
                     {"device_id", v["device_id"]},
                     {"now_ms", v["now_ms"]},
                     {"challenge", v["challenge"]},
                     {"refused", ""}};
       },
       true},
      {"/envelopes/must_fail_decode",
       [](const json& file) {
         json out = file["envelopes"]["vectors"][0];
         for (const char* key :
              {"writer_device_key", "change_number", "content", "message_key", "marker", "proto", "nonce28"}) {
           out.erase(key);
         }
         out["cipher_version"] = 3;
         out["refused"] = "";
         return out;
       },
       true},
      {"/import_ids/must_fail",
       [](const json&) {
         return json{{"epoch_sequence_id", "0"}, {"refused", ""}};
       },
       true},
      {"/recovery_check_symbols/must_not_hold",
       [](const json& file) {
         return json{{"code", file["recovery_check_symbols"]["vectors"][0]["code"]}};
       },
       true},
      {"/xeddsa/must_not_verify",
       [](const json& file) {
         const json& v = file["xeddsa"]["sign"][0];
         return json{{"pub", v["pub"]}, {"signed_message", v["signed_message"]}, {"signature", v["signature"]}};
       },
       true},
      {"/attachment_content/must_fail_decrypt",
       [](const json&) {
         return json{{"segments", {0, 1, 2}}, {"cut", 0}, {"append", ""}, {"file_bytes", 140000}, {"refused", ""}};
       },
       true},
      {"/cpace/must_fail",
       [](const json& file) {
         const json& v = file["cpace"]["scalar_mult_vfy"][0];
         return json{{"s", v["s"]}, {"x", v["x"]}};
       },
       true},
      {"/one_time_codes/must_reject_typed",
       [](const json&) {
         return json{{"typed", "123 456"}, {"refused", ""}};
       },
       true},
      {"/one_time_codes/must_fail_start", one_time("start"), true},
      {"/one_time_codes/must_fail_answer", one_time("answer"), true},
      {"/one_time_codes/must_fail_confirm", one_time("confirm"), true},
      {"/one_time_codes/must_fail_grant", one_time("grant"), true},
  };
  for (const Row& row : rows) {
    json file = Answers(row.extra);
    file[Pointer(row.list)].push_back(row.acceptable(file));
    const std::string section = Pointer(row.list).parent_pointer().back();
    const Result result = RunSection(file, section);
    INFO(row.list << ": " << result.text);
    CHECK(result.failed == 1);
  }
}

TEST_CASE("a matrix without its properties fails") {
  const Pointer example("/recovery_code/ecc_existence_example");
  json file = KnownAnswers();
  file[example]["columns"][3] = file[example]["columns"][4];
  CHECK(RunSection(file, "recovery_code").failed == 1);
  file = KnownAnswers();
  file[example]["columns"].erase(7);
  CHECK(RunSection(file, "recovery_code").failed == 1);
  file = KnownAnswers();
  file[example]["columns"][11][2] = 32;
  CHECK(RunSection(file, "recovery_code").failed == 1);
}

TEST_CASE("our matrix is the one of the known answers") {
  // Any set with the properties would do for the protocol; protocol section 4 asks for this one.
  const json& columns = KnownAnswers()[Pointer("/recovery_code/ecc_existence_example/columns")];
  CHECK(columns.get<std::vector<crypto::gf32::Column>>() ==
        std::vector<crypto::gf32::Column>(crypto::gf32::Matrix().begin(), crypto::gf32::Matrix().end()));
}

TEST_CASE("what the runner doesn't know fails") {
  json file = KnownAnswers();
  file["mac"]["vectors"][0]["tag"] = "00";
  CHECK(RunSection(file, "mac").failed == 1);
  file = KnownAnswers();
  file["mac"]["more_vectors"] = json::array();
  CHECK(RunSection(file, "mac").failed == 1);
  file = KnownAnswers();
  file["mac"]["vectors"] = json::array();
  CHECK(RunSection(file, "mac").failed == 1);
}

}  // namespace
}  // namespace labyrinth::vectors
