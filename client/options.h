// How a client reaches its server, and who it says it is.
#ifndef LABYRINTH_CLIENT_OPTIONS_H_
#define LABYRINTH_CLIENT_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "client/rotation_policy.h"
#include "client/sleeper.h"
#include "client/token_source.h"
#include "common/clock.h"
#include "common/random.h"

namespace labyrinth::client {

// Bounds of the retries of one call. Only the identical request is ever repeated.
struct RetryPolicy {
  int64_t attempt_timeout_ms = 15'000;  // deadline of one attempt
  int max_attempts = 6;                 // the first one included
  int64_t initial_backoff_ms = 100;     // doubles with each attempt, with jitter down to a half
  int64_t max_backoff_ms = 5'000;       // also the longest delay that a server may ask for
};

struct ClientOptions {
  // "host:port". Required unless `channel` is given.
  std::string endpoint;
  // PEM file of the certificate authorities to trust. Empty: no TLS, which is refused unless the endpoint is loopback.
  std::string ca_file;
  // The server's name inside signed statements: the client's own configuration, never taken from a reply. Must equal
  // what the keychain remembers.
  std::string server_name;
  // The account's id as its tokens name it. Must equal what the keychain remembers.
  std::string account_id;
  // Required, unless use_dev_issuer.
  std::shared_ptr<AccountTokenSource> tokens;
  // Take tokens from the server's own development issuer; loopback only.
  bool use_dev_issuer = false;
  RetryPolicy retry;
  // Applied by saves that may rotate (SaveOptions::may_rotate).
  RotationPolicy rotation;

  // Seams for tests; null means the real thing. Must outlive the client.
  Clock* clock = nullptr;
  RandomSource* random = nullptr;
  Sleeper* sleeper = nullptr;
  std::shared_ptr<grpc::Channel> channel;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_OPTIONS_H_
