// What a store gives the suite: link one `*_under_test.cc` with the cases and the suite runs against it.
#ifndef LABYRINTH_TESTS_CONFORMANCE_BLOBS_UNDER_TEST_H_
#define LABYRINTH_TESTS_CONFORMANCE_BLOBS_UNDER_TEST_H_

#include <memory>

#include "storage/blob_store.h"

namespace labyrinth::storage {

// A store with whatever it needs around it.
class BlobsUnderTest {
 public:
  virtual ~BlobsUnderTest() = default;
  virtual BlobStore& blobs() = 0;
  // Destroys the store; blobs() is not called again.
  virtual void Close() = 0;
  // Closes the store and opens it on the same data. Stores that keep nothing go on as they are.
  virtual void Reopen() = 0;
};

// A fresh and empty one.
std::unique_ptr<BlobsUnderTest> MakeBlobsUnderTest();

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_BLOBS_UNDER_TEST_H_
