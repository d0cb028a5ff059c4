// A network that changes one byte of what the server said, behind every checksum of the store.
#ifndef LABYRINTH_TOOLS_DEMO_TAMPERING_CHANNEL_H_
#define LABYRINTH_TOOLS_DEMO_TAMPERING_CHANNEL_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace labyrinth::demo {

// Flips one bit in the middle of the first message's ciphertext of every ListMessages reply while `armed`. `flips`
// counts.
struct Tampering {
  std::atomic<bool> armed{false};
  std::atomic<uint64_t> flips{0};
};

// A plaintext channel to `endpoint` that tampers as told. `tampering` outlives it.
std::shared_ptr<grpc::Channel> TamperingChannel(const std::string& endpoint, Tampering& tampering);

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_TAMPERING_CHANNEL_H_
