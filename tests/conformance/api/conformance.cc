// The cases against a deployment: conformance --endpoint HOST:PORT [--ca FILE] [--server-name NAME]
// {--dev | --token-command COMMAND} [-- CATCH2_ARGUMENTS...]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <vector>

#include "crypto/primitives/system_random.h"
#include "service/server/testing/dev_token.h"
#include "tests/conformance/api/coverage.h"
#include "tests/conformance/api/under_test.h"

namespace labyrinth::conformance {
namespace {

struct Flags {
  std::string endpoint, ca_file, server_name = "labyrinth.dev", token_command;
  bool dev = false;
};

class Deployed final : public service::testing::ApiServer {
 public:
  Deployed(Flags flags, std::shared_ptr<grpc::ChannelCredentials> credentials)
      : flags_(std::move(flags)), credentials_(std::move(credentials)) {}

  std::shared_ptr<grpc::Channel> Channel() const override { return NotedChannel(flags_.endpoint, credentials_); }
  std::string Token(const std::string& account) const override {
    return flags_.dev ? service::testing::DevToken(Channel(), account) : FromCommand(account);
  }
  std::string server_name() const override { return flags_.server_name; }
  RandomSource& random() override { return random_; }

 private:
  // Account names are letters, digits and hyphens.
  std::string FromCommand(const std::string& account) const {
    FILE* const pipe = popen(fmt::format("{} {}", flags_.token_command, account).c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string token;
    std::array<char, 4096> part;
    while (const std::size_t size = fread(part.data(), 1, part.size(), pipe)) token.append(part.data(), size);
    const int status = pclose(pipe);
    while (!token.empty() && token.back() == '\n') token.pop_back();
    INFO("the token command ended with " << status);
    REQUIRE((status == 0 && !token.empty()));
    return token;
  }

  const Flags flags_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  crypto::SystemRandom random_;
};

int Run(const Flags& flags, std::vector<char*> catch2_arguments) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!flags.ca_file.empty()) {
    std::ifstream file(flags.ca_file, std::ios::binary);
    std::ostringstream pem;
    pem << file.rdbuf();
    if (!file) {
      fmt::print(stderr, "conformance: {}: can't be read\n", flags.ca_file);
      return 2;
    }
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = pem.str();
    credentials = grpc::SslCredentials(options);
  }
  Deployed server(flags, credentials);
  if (!server.Channel()->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    fmt::print(stderr, "conformance: {}: can't connect\n", flags.endpoint);
    return 2;
  }
  return RunConformance({server, nullptr}, static_cast<int>(catch2_arguments.size()), catch2_arguments.data());
}

}  // namespace
}  // namespace labyrinth::conformance

int main(int argc, char** argv) {
  labyrinth::conformance::Flags flags;
  // What follows a second "--" is Catch2's, such as the name of a case.
  std::vector<char*> ours(argv, argv + 1), catch2_arguments(argv, argv + 1);
  int i = 1;
  for (; i < argc && std::string(argv[i]) != "--"; ++i) ours.push_back(argv[i]);
  for (++i; i < argc; ++i) catch2_arguments.push_back(argv[i]);

  CLI::App app(
      "The public API's conformance cases, against a running server. They make accounts of random names, and "
      "leave those of others alone.");
  app.add_option("--endpoint", flags.endpoint, "HOST:PORT of its public listener")->required();
  app.add_option("--ca", flags.ca_file, "PEM certificates that vouch for it; without: plaintext");
  app.add_option("--server-name", flags.server_name, "the name that devices sign (labyrinth.dev)");
  auto* tokens = app.add_option_group("tokens");
  tokens->add_flag("--dev", flags.dev, "a development server: its own issuer gives the account tokens");
  tokens->add_option("--token-command", flags.token_command,
                     "prints a token for the account whose name is its last argument");
  tokens->require_option(1);
  try {
    app.parse(static_cast<int>(ours.size()), ours.data());
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return labyrinth::conformance::Run(flags, catch2_arguments);
}
