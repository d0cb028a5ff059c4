// The server's certificate and key, looked at before they are served.
#ifndef LABYRINTH_SERVICE_AUTH_TLS_IDENTITY_H_
#define LABYRINTH_SERVICE_AUTH_TLS_IDENTITY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace labyrinth::service {

// When the first certificate of the PEM file `cert_file` expires, in Unix milliseconds. FAILED_PRECONDITION in one line
// naming the file: unreadable, no PEM, a certificate that has expired by `now_ms`, or a key that isn't the
// certificate's. gRPC itself would serve on without a word and fail every handshake.
absl::StatusOr<int64_t> CheckTlsIdentity(const std::string& cert_file, const std::string& key_file, int64_t now_ms);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_TLS_IDENTITY_H_
