#include "storage/memory/memory_blob_store.h"
#include "tests/conformance/blobs/under_test.h"

namespace labyrinth::storage {
namespace {

class MemoryUnderTest final : public BlobsUnderTest {
 public:
  BlobStore& blobs() override { return *blobs_; }
  void Close() override { blobs_.reset(); }
  void Reopen() override {}

 private:
  std::unique_ptr<BlobStore> blobs_ = std::make_unique<MemoryBlobStore>();
};

}  // namespace

std::unique_ptr<BlobsUnderTest> MakeBlobsUnderTest() { return std::make_unique<MemoryUnderTest>(); }

}  // namespace labyrinth::storage
