// Requests of calls that write their responses' bytes themselves.
#ifndef LABYRINTH_SERVICE_HANDLERS_RAW_REQUEST_H_
#define LABYRINTH_SERVICE_HANDLERS_RAW_REQUEST_H_

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "common/errors.h"

namespace labyrinth::service {

// INVALID_FIELD if the bytes aren't such a message.
template <typename Request>
absl::Status ParseRequest(const grpc::ByteBuffer& bytes, Request& request) {
  grpc::ByteBuffer read = bytes;  // shares them, and is used up
  if (grpc::SerializationTraits<Request>::Deserialize(&read, &request).ok()) return absl::OkStatus();
  return errors::InvalidField("request", "malformed");
}

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_RAW_REQUEST_H_
