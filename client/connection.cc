#include "client/connection.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "client/stubs.h"
#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

// RFC 6750's b64token: anything else (a line break above all) must not reach a header.
bool IsTokenCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

Connection::Connection(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<AccountTokenSource> tokens,
                       const RetryPolicy& retry, Clock& clock, RandomSource& random, Sleeper& sleeper)
    : tokens_(std::move(tokens)),
      clock_(clock),
      random_(random),
      sleeper_(sleeper),
      caller_(retry, sleeper, random),
      stubs_(std::make_unique<Stubs>(channel)) {}

Connection::~Connection() = default;

absl::StatusOr<crypto::Secret> Connection::Token(bool renew) {
  auto token = tokens_->Token(renew);
  if (!token.ok()) return token.status();
  const std::string_view text = token->RevealSecret();
  if (text.empty() || text.size() > limits::kAccountTokenBytes ||
      !std::all_of(text.begin(), text.end(), IsTokenCharacter)) {
    return absl::FailedPreconditionError("account token: empty, too long, or not of a token's characters");
  }
  return token;
}

absl::Status Connection::CallWithToken(
    absl::FunctionRef<grpc::Status(const crypto::Secret&, grpc::ClientContext&)> send) {
  for (const bool renew : {false, true}) {
    const auto token = Token(renew);
    if (!token.ok()) return token.status();
    const absl::Status status = caller_.Run([&](grpc::ClientContext& context) { return send(*token, context); });
    if (renew || ReasonOf(status) != Reason::kTokenInvalid) return status;
  }
  return absl::OkStatus();  // not reached
}

void AddToken(const crypto::Secret& token, grpc::ClientContext& context) {
  std::string header = "Bearer ";
  header.append(token.RevealSecret());
  context.AddMetadata("authorization", header);
  crypto::WipeBytes(header.data(), header.size());
}

}  // namespace labyrinth::client
