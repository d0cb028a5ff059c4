// What an engine gives the suite: link one `*_under_test.cc` with the cases and the suite runs against it.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_UNDER_TEST_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_UNDER_TEST_H_

#include <memory>

#include "storage/engine.h"

namespace labyrinth::storage {

// An engine with whatever it needs around it.
class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;
  virtual Engine& engine() = 0;
  // Destroys the engine; engine() is not called again unless Reopen() is.
  virtual void Close() = 0;
  // Closes the engine and opens it on the same data. Engines that keep nothing go on as they are.
  virtual void Reopen() = 0;
};

// A fresh and empty one.
std::unique_ptr<EngineUnderTest> MakeEngineUnderTest();

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_UNDER_TEST_H_
