#include "tools/bench/payload.h"

#include <cstring>

namespace labyrinth::bench {
namespace {

// Large against the blocks that are compressed: two messages of one block hardly ever share a stretch of it.
constexpr std::size_t kPoolBytes = std::size_t{16} << 20;

void AppendBytes(std::string& out, uint64_t x) { out.append(reinterpret_cast<const char*>(&x), sizeof(x)); }

}  // namespace

uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Payload::Payload(uint64_t seed) : seed_(seed) {
  pool_.reserve(kPoolBytes);
  for (uint64_t i = 0; i < kPoolBytes / sizeof(uint64_t); ++i) AppendBytes(pool_, Mix(seed_ ^ Mix(i)));
}

std::string Payload::Id(uint64_t kind, uint64_t n) const {
  std::string id;
  AppendBytes(id, Mix(seed_ + kind * 0x1000003 + n));
  AppendBytes(id, Mix(Mix(seed_ + kind) ^ n));
  return id;
}

std::string_view Payload::Ciphertext(uint64_t n) const {
  const uint64_t offset = Mix(seed_ ^ (n + 1)) % (kPoolBytes - kCiphertextBytes);
  return std::string_view(pool_).substr(offset, kCiphertextBytes);
}

void Payload::Fill(uint64_t n, uint64_t threads, v1::Message& out) const {
  out.set_message_id(MessageId(n));
  out.set_thread_id(ThreadId(n % threads));
  out.set_timestamp_ms(TimestampMs(n));
  const std::string_view ciphertext = Ciphertext(n);
  out.set_ciphertext(ciphertext.data(), ciphertext.size());
}

absl::Status Payload::Check(const v1::Message& message, uint64_t threads) const {
  const uint64_t n = static_cast<uint64_t>(message.timestamp_ms() - kFirstMs);
  if (message.message_id() != MessageId(n)) return absl::DataLossError("a wrong answer: a message's id or time");
  if (message.thread_id() != ThreadId(n % threads)) return absl::DataLossError("a wrong answer: a message's thread");
  if (message.ciphertext() != Ciphertext(n)) return absl::DataLossError("a wrong answer: a message's ciphertext");
  return absl::OkStatus();
}

}  // namespace labyrinth::bench
