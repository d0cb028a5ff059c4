#include "service/config/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
// One of the parser's assertions fails for a table header such as "[(", which the code behind it reports as the error
// that it is. A bad file must be refused with its line, not end the process.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

namespace labyrinth::service {
namespace {

// Takes known keys out of one table and remembers the first error. Thread-compatible.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string path, const std::string& file, absl::Status& error)
      : table_(table), path_(std::move(path)), file_(file), error_(error) {}

  void Text(std::string_view key, std::string& out) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    if (const auto* value = node->as_string()) {
      out = value->get();
    } else {
      Fail(*node, key, "must be a string");
    }
  }

  template <typename Integer>
  void Number(std::string_view key, Integer& out) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const auto* value = node->as_integer();
    if (value == nullptr) return Fail(*node, key, "must be an integer");
    if (!std::in_range<Integer>(value->get())) return Fail(*node, key, "is out of range");
    out = static_cast<Integer>(value->get());
  }

  template <typename ReadInner>
  void Table(std::string_view key, ReadInner read_inner) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const toml::table* inner = node->as_table();
    if (inner == nullptr) return Fail(*node, key, "must be a table");
    TableReader reader(*inner, fmt::format("{}{}.", path_, key), file_, error_);
    read_inner(reader);
    reader.RefuseUnknown();
  }

  // After everything known was taken.
  void RefuseUnknown() {
    for (const auto& [key, node] : table_) {
      if (!taken_.contains(std::string_view(key))) Fail(node, key, "unknown key");
    }
  }

 private:
  const toml::node* Take(std::string_view key) {
    taken_.insert(key);
    return table_.get(key);
  }

  void Fail(const toml::node& node, std::string_view key, std::string_view why) {
    if (!error_.ok()) return;
    error_ =
        absl::InvalidArgumentError(fmt::format("{}:{}: {}{}: {}", file_, node.source().begin.line, path_, key, why));
  }

  const toml::table& table_;
  const std::string path_;  // "tls." inside [tls]
  const std::string& file_;
  absl::Status& error_;
  std::set<std::string_view> taken_;
};

void ReadRoot(TableReader& root, ServerConfig& config) {
  root.Text("listen", config.listen);
  root.Text("data_dir", config.data_dir);
  root.Text("revocation_journal", config.revocation_journal);
  root.Text("engine", config.engine);
  root.Text("server_name", config.server_name);
  root.Text("log_level", config.log_level);
  root.Number("drain_deadline_ms", config.drain_deadline_ms);
  root.Table("accounts", [&](TableReader& accounts) {
    accounts.Text("issuer", config.accounts.issuer);
    accounts.Text("audience", config.accounts.audience);
    accounts.Text("jwks_file", config.accounts.jwks_file);
    accounts.Number("leeway_ms", config.accounts.leeway_ms);
  });
  root.Table("tls", [&](TableReader& tls) {
    tls.Text("cert_file", config.tls.cert_file);
    tls.Text("key_file", config.tls.key_file);
  });
  root.Table("quota", [&](TableReader& quota) {
    quota.Number("bytes", config.quota.bytes);
    quota.Number("messages", config.quota.messages);
  });
  root.Table("admin", [&](TableReader& admin) {
    admin.Text("socket", config.admin.socket);
    admin.Text("status_socket", config.admin.status_socket);
  });
  root.Table("rocksdb", [&](TableReader& rocksdb) {
    rocksdb.Number("block_cache_mib", config.block_cache_mib);
    rocksdb.Number("min_free_mib", config.min_free_mib);
  });
  root.RefuseUnknown();
}

}  // namespace

absl::Status ReadTomlFile(const std::string& path, ServerConfig& config) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in.is_open() || !(text << in.rdbuf())) {
    return absl::InvalidArgumentError(fmt::format("{}: the configuration file can't be read, or is empty", path));
  }
  return ReadToml(text.str(), path, config);
}

absl::Status ReadToml(std::string_view text, const std::string& name, ServerConfig& config) {
  // The parser (toml++ 3.3) is undefined for some characters outside of strings, and a string can escape any.
  const auto foreign =
      std::find_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 126; });
  if (foreign != text.end()) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: holds a character that isn't ASCII; in a string, write it as \\uXXXX", name,
                    1 + std::count(text.begin(), foreign, '\n')));
  }
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: not TOML: {}", name, parsed.error().source().begin.line, parsed.error().description()));
  }
  absl::Status error;
  TableReader root(parsed.table(), "", name, error);
  ReadRoot(root, config);
  return error;
}

}  // namespace labyrinth::service
