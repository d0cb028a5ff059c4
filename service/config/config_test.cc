#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "service/config/command_line.h"
#include "service/config/listen_address.h"
#include "service/config/server_config.h"
#include "service/config/toml_file.h"

namespace labyrinth::service {
namespace {

std::string TempFile(const std::string& name, const std::string& text) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::filesystem::path path = std::filesystem::path(root != nullptr ? root : "/tmp") / name;
  std::filesystem::remove(path);
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path.string();
}

absl::StatusOr<Command> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "labyrinthd");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

std::string ErrorOf(const absl::Status& status) { return std::string(status.message()); }

ServerConfig GoodProduction() {
  ServerConfig config;
  config.listen = "0.0.0.0:443";
  config.data_dir = "/var/lib/labyrinth";
  config.server_name = "chat.test";
  config.accounts.issuer = "https://issuer.test";
  config.accounts.audience = "labyrinth";
  config.accounts.jwks_file = TempFile("jwks.json", "{}");
  config.tls.cert_file = TempFile("cert.pem", "cert");
  config.tls.key_file = TempFile("key.pem", "key");
  return config;
}

ServerConfig GoodDev() {
  ServerConfig config;
  config.dev = true;
  config.data_dir = "/tmp/dev";
  ApplyDevDefaults(config);
  return config;
}

TEST_CASE("The example configuration is read whole, and lacks only the files that it names") {
  ServerConfig config;
  const absl::Status read = ReadTomlFile("deploy/labyrinthd.example.toml", config);
  INFO(read.ToString());
  REQUIRE(read.ok());
  CHECK(config.data_dir == "/var/lib/labyrinth");
  CHECK_FALSE(config.accounts.issuer.empty());
  CHECK_FALSE(config.tls.key_file.empty());
  const ServerConfig files = GoodProduction();
  config.accounts.jwks_file = files.accounts.jwks_file;
  config.tls = files.tls;
  CHECK(Validate(config).ok());
}

TEST_CASE("Every key is read into its place") {
  ServerConfig config;
  REQUIRE(ReadToml(R"(
listen = "[::]:7430"
data_dir = "d"
revocation_journal = "r"
engine = "rocksdb"
server_name = "n"
log_level = "warn"
drain_deadline_ms = 5
[accounts]
issuer = "i"
audience = "a"
jwks_file = "j"
leeway_ms = 1
[tls]
cert_file = "c"
key_file = "k"
[quota]
bytes = 10
messages = 20
[rocksdb]
block_cache_mib = 64
min_free_mib = 128
[admin]
socket = "s"
status_socket = "t"
)",
                   "x.toml", config)
              .ok());
  CHECK(config.listen == "[::]:7430");
  CHECK(config.data_dir == "d");
  CHECK(config.revocation_journal == "r");
  CHECK(config.server_name == "n");
  CHECK(config.log_level == "warn");
  CHECK(config.drain_deadline_ms == 5);
  CHECK(config.accounts.issuer == "i");
  CHECK(config.accounts.audience == "a");
  CHECK(config.accounts.jwks_file == "j");
  CHECK(config.accounts.leeway_ms == 1);
  CHECK(config.tls.cert_file == "c");
  CHECK(config.tls.key_file == "k");
  CHECK(config.quota.bytes == 10);
  CHECK(config.quota.messages == 20);
  CHECK(config.block_cache_mib == 64);
  CHECK(config.min_free_mib == 128);
  CHECK(config.admin.socket == "s");
  CHECK(config.admin.status_socket == "t");
  CHECK(AdminSocketPath(config) == "s");
  CHECK(AdminSocketPath(GoodDev()) == "/tmp/dev/admin.sock");
}

TEST_CASE("A file with a mistake is refused in one line with its place") {
  const std::pair<const char*, const char*> rows[] = {
      {"\nlisten = \"x\"\nlisen = \"y\"\n", "x.toml:3: lisen: unknown key"},
      {"[tls]\ncert_file = \"c\"\npassword = \"p\"\n", "x.toml:3: tls.password: unknown key"},
      {"[tsl]\n", "x.toml:1: tsl: unknown key"},
      {"data_dir = 1\n", "x.toml:1: data_dir: must be a string"},
      {"tls = \"cert\"\n", "x.toml:1: tls: must be a table"},
      {"[quota]\nbytes = \"5GiB\"\n", "x.toml:2: quota.bytes: must be an integer"},
      {"[quota]\nbytes = -1\n", "x.toml:2: quota.bytes: is out of range"},
      {"[rocksdb]\nblock_cache_mib = 4294967296\n", "x.toml:2: rocksdb.block_cache_mib: is out of range"},
      {"a = 1\na = 2\n", "x.toml:2: not TOML"},
      {"listen = \n", "x.toml:1: not TOML"},
      {"[(", "x.toml:1: not TOML"},
      {"listen = \"x\"\n\xd1\x9f\n", "x.toml:2: holds a character that isn't ASCII"},
  };
  for (const auto& [text, error] : rows) {
    ServerConfig config;
    const absl::Status status = ReadToml(text, "x.toml", config);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(ErrorOf(status).find(error) == 0);
    CHECK(ErrorOf(status).find('\n') == std::string::npos);
  }
  ServerConfig config;
  CHECK(ErrorOf(ReadTomlFile("/nowhere.toml", config)).find("/nowhere.toml") == 0);
}

TEST_CASE("A configuration with one thing wrong is refused by that key's name") {
  struct Row {
    const char* key;
    std::function<ServerConfig()> good;
    std::function<void(ServerConfig&)> spoil;
  };
  const Row rows[] = {
      {"data_dir", GoodProduction, [](ServerConfig& c) { c.data_dir.clear(); }},
      {"engine", GoodProduction, [](ServerConfig& c) { c.engine = "rados"; }},
      {"listen", GoodProduction, [](ServerConfig& c) { c.listen.clear(); }},
      {"listen", GoodProduction, [](ServerConfig& c) { c.listen = "chat.test:443"; }},
      {"listen", GoodDev, [](ServerConfig& c) { c.listen = "0.0.0.0:7430"; }},
      {"listen", GoodDev, [](ServerConfig& c) { c.listen = "[::]:7430"; }},
      {"server_name", GoodProduction, [](ServerConfig& c) { c.server_name.clear(); }},
      {"server_name", GoodProduction, [](ServerConfig& c) { c.server_name = std::string(34, 'x'); }},
      {"server_name", GoodProduction, [](ServerConfig& c) { c.server_name = "chat test"; }},
      {"accounts.issuer", GoodProduction, [](ServerConfig& c) { c.accounts.issuer.clear(); }},
      {"accounts.audience", GoodProduction, [](ServerConfig& c) { c.accounts.audience.clear(); }},
      {"accounts.jwks_file", GoodProduction, [](ServerConfig& c) { c.accounts.jwks_file.clear(); }},
      {"accounts.jwks_file", GoodProduction, [](ServerConfig& c) { c.accounts.jwks_file = "/nowhere"; }},
      {"accounts.leeway_ms", GoodProduction, [](ServerConfig& c) { c.accounts.leeway_ms = 300'001; }},
      {"tls.cert_file", GoodProduction, [](ServerConfig& c) { c.tls.cert_file.clear(); }},
      {"tls.key_file", GoodProduction, [](ServerConfig& c) { c.tls.key_file = "/nowhere"; }},
      {"tls.key_file", GoodProduction, [](ServerConfig& c) { chmod(c.tls.key_file.c_str(), 0644); }},
      {"tls.cert_file", GoodDev, [](ServerConfig& c) { c.tls.cert_file = "cert.pem"; }},
      {"accounts.issuer", GoodDev, [](ServerConfig& c) { c.accounts.issuer = "https://issuer.test"; }},
      {"quota.bytes", GoodDev, [](ServerConfig& c) { c.quota.bytes = 0; }},
      {"quota.messages", GoodDev, [](ServerConfig& c) { c.quota.messages = 0; }},
      {"rocksdb.block_cache_mib", GoodDev, [](ServerConfig& c) { c.block_cache_mib = 7; }},
      {"rocksdb.min_free_mib", GoodDev, [](ServerConfig& c) { c.min_free_mib = 63; }},
      {"admin.status_socket", GoodDev, [](ServerConfig& c) { c.admin.status_socket = AdminSocketPath(c); }},
      {"drain_deadline_ms", GoodDev, [](ServerConfig& c) { c.drain_deadline_ms = -1; }},
      {"log_level", GoodDev, [](ServerConfig& c) { c.log_level = "loud"; }},
  };
  for (const Row& row : rows) {
    INFO(row.key);
    ServerConfig config = row.good();
    CHECK(Validate(config).ok());  // control
    row.spoil(config);
    const absl::Status status = Validate(config);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(ErrorOf(status).find(std::string(row.key) + ": ") == 0);
  }
}

TEST_CASE("Addresses are numeric") {
  for (const char* text : {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:7430", "localhost:1", "127.9.9.9:1"}) {
    INFO(text);
    CHECK(ListenAddress::Parse(text).has_value());
  }
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x",
                           "::1:7430", "[::1]", "[127.0.0.1]:1", "host:1", "127.0.0.1.example.org:1", ":7430"}) {
    INFO(text);
    CHECK_FALSE(ListenAddress::Parse(text).has_value());
  }
  CHECK(ListenAddress::Parse("[::1]:5")->is_loopback());
  CHECK(ListenAddress::Parse("127.9.9.9:5")->is_loopback());
  CHECK_FALSE(ListenAddress::Parse("[::]:5")->is_loopback());
  CHECK_FALSE(ListenAddress::Parse("10.0.0.1:5")->is_loopback());
  CHECK(ListenAddress::Parse("localhost:5")->ToString() == "127.0.0.1:5");
  CHECK(ListenAddress::Parse("[::1]:5")->ToString() == "[::1]:5");
}

TEST_CASE("A development server needs a data directory and nothing else") {
  const auto command = Parse({"--dev", "--data-dir", "/tmp/d"});
  REQUIRE(command.ok());
  const auto& config = std::get<ServeCommand>(*command).config;
  CHECK(config.dev);
  CHECK(config.listen == kDevListen);
  CHECK(config.server_name == kDevServerName);
  CHECK(std::holds_alternative<ServeCommand>(*Parse({"serve", "--dev", "--data-dir", "/tmp/d"})));
}

TEST_CASE("Flags win over the file") {
  const std::string file = TempFile("flags.toml", "data_dir = \"from-file\"\nlog_level = \"debug\"\n");
  const auto command = Parse({"--dev", "--config", file.c_str(), "--data-dir", "from-flag", "--listen", "[::1]:0",
                              "--server-name", "n", "--port-file", "p"});
  REQUIRE(command.ok());
  const auto& config = std::get<ServeCommand>(*command).config;
  CHECK(config.data_dir == "from-flag");
  CHECK(config.log_level == "debug");
  CHECK(config.listen == "[::1]:0");
  CHECK(config.server_name == "n");
  CHECK(config.port_file == "p");
}

TEST_CASE("A token is asked of a development server only") {
  const auto command = Parse({"token", "--dev", "--data-dir", "d", "--account", "alice"});
  REQUIRE(command.ok());
  CHECK(std::get<TokenCommand>(*command).account == "alice");
  CHECK(std::get<TokenCommand>(*command).data_dir == "d");
  CHECK_FALSE(Parse({"token", "--data-dir", "d", "--account", "alice"}).ok());
  CHECK_FALSE(Parse({"token", "--dev", "--account", "alice"}).ok());
  CHECK_FALSE(Parse({"token", "--dev", "--data-dir", "d"}).ok());
}

TEST_CASE("A command line that can't be meant is refused in one line") {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"--dev"},
                                             {},
                                             {"--data-dir"},
                                             {"--unknown"},
                                             {"serve", "token"},
                                             {"run"},
                                             {"--dev", "--data-dir", "d", "--log-level", "loud"},
                                             {"--config", "/nowhere.toml"},
                                             {"--dev", "--data-dir", "d", "--account", "alice"}}) {
    const auto command = Parse(arguments);
    CHECK(absl::IsInvalidArgument(command.status()));
    CHECK_FALSE(ErrorOf(command.status()).empty());
    CHECK(ErrorOf(command.status()).find('\n') == std::string::npos);
  }
  CHECK(std::get<PrintCommand>(*Parse({"--help"})).text.find("--data-dir") != std::string::npos);
  CHECK(std::get<PrintCommand>(*Parse({"--version"})).text.find("labyrinthd ") == 0);
}

}  // namespace
}  // namespace labyrinth::service
