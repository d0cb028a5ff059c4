// A server that tests speak to over its public API, wherever it runs. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_SERVER_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "common/errors.h"
#include "common/random.h"
#include "common/rpc_status.h"

namespace labyrinth::service::testing {

// Thread-compatible.
class ApiServer {
 public:
  virtual ~ApiServer() = default;

  virtual std::shared_ptr<grpc::Channel> Channel() const = 0;
  // Of the issuer that the server trusts. The test fails unless there is one.
  virtual std::string Token(const std::string& account) const = 0;
  // What stands in every signed statement.
  virtual std::string server_name() const = 0;
  // For whatever its clients draw.
  virtual RandomSource& random() = 0;
};

// The reason of a call's error; nullopt for OK and foreign errors.
inline std::optional<Reason> ReasonOfCall(const grpc::Status& status) { return ReasonOf(FromGrpc(status)); }

// A detail of a call's error, or of its lack.
inline std::string DetailOf(const grpc::Status& status, const std::string& key) {
  const auto details = DetailsOf(FromGrpc(status));
  const auto found = details.find(key);
  return found == details.end() ? "(none)" : found->second;
}
// The field that an error names.
inline std::string FieldOf(const grpc::Status& status) { return DetailOf(status, "field"); }

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_SERVER_H_
