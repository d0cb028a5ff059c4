#include "tests/conformance/blobs/calls.h"

#include <catch2/catch.hpp>
#include <random>
#include <utility>

#include "absl/synchronization/notification.h"

namespace labyrinth::storage {
namespace {

// What `call` hands to its callback.
template <typename Result, typename Call>
Result WaitFor(Call call) {
  std::optional<Result> out;
  absl::Notification answered;
  call([&](Result result) {
    out = std::move(result);
    answered.Notify();
  });
  answered.WaitForNotification();
  return *std::move(out);
}

}  // namespace

absl::Status PutNow(BlobStore& blobs, const BlobName& name, uint64_t offset, std::string data, absl::Time deadline) {
  return WaitFor<absl::Status>(
      [&](auto done) { blobs.PutChunk(name, offset, std::move(data), deadline, std::move(done)); });
}

absl::StatusOr<uint64_t> StatNow(BlobStore& blobs, const BlobName& name, absl::Time deadline) {
  return WaitFor<absl::StatusOr<uint64_t>>([&](auto done) { blobs.Stat(name, deadline, std::move(done)); });
}

absl::StatusOr<std::string> ReadNow(BlobStore& blobs, const BlobName& name, uint64_t offset, uint64_t size,
                                    absl::Time deadline) {
  return WaitFor<absl::StatusOr<std::string>>(
      [&](auto done) { blobs.ReadRange(name, offset, size, deadline, std::move(done)); });
}

absl::Status DeleteNow(BlobStore& blobs, const BlobName& name, absl::Time deadline) {
  return WaitFor<absl::Status>([&](auto done) { blobs.Delete(name, deadline, std::move(done)); });
}

BlobName NameOf(uint64_t number) { return *BlobName::From(BytesOf(BlobName::kSize, number)); }

std::string BytesOf(uint64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out;
  out.reserve(size + 8);
  while (out.size() < size) {
    const uint64_t word = random();
    out.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  out.resize(size);
  return out;
}

void MustPutAll(BlobStore& blobs, const BlobName& name, const std::string& data) {
  for (uint64_t offset = 0; offset < data.size(); offset += kChunk) {
    const absl::Status put = PutNow(blobs, name, offset, data.substr(offset, kChunk));
    INFO(put.ToString());
    REQUIRE(put.ok());
  }
}

std::string MustReadAll(BlobStore& blobs, const BlobName& name) {
  const auto size = StatNow(blobs, name);
  INFO(size.status().ToString());
  REQUIRE(size.ok());
  std::string out;
  while (out.size() < *size) {
    const auto part = ReadNow(blobs, name, out.size(), kMaxBlobReadBytes);
    INFO(part.status().ToString());
    REQUIRE(part.ok());
    REQUIRE(!part->empty());
    out += *part;
  }
  return out;
}

}  // namespace labyrinth::storage
