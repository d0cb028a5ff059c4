// Tells the thread sanitizer what abseil's locks order. Debian's abseil isn't instrumented: to the sanitizer its
// mutexes do nothing, and all that they guard looks like a race. Under --config=tsan the linker puts a function of this
// file in the place of each call of ours to one of abseil's (ABSEIL_WAITS in linkopts.bzl), which says before and after
// what the call hands on. Readers of a lock count as ordered among themselves, which they aren't: a race between two
// holders of a reader's lock stays unseen.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

// Of the sanitizer's runtime, though in no header of GCC's.
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

namespace {

using absl::BlockingCounter;
using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

void Acquire(const void* lock) { __tsan_acquire(const_cast<void*>(lock)); }
void Release(const void* lock) { __tsan_release(const_cast<void*>(lock)); }

// While abseil works: a thread that gives a mutex up looks at the conditions that others wait for, under the mutex, yet
// after what is said here of its giving up.
class ConditionsUnseen {
 public:
  ConditionsUnseen() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~ConditionsUnseen() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

template <typename Call>
auto Unseen(Call call) {
  const ConditionsUnseen unseen;
  return call();
}

}  // namespace

// A member function takes its object as a first argument (Itanium C++ ABI), so a plain function can stand for it.
// Declares abseil's own as RealNAME, then begins the one in its place.
#define IN_PLACE_OF(NAME, SYMBOL, RESULT, ...)              \
  RESULT Real##NAME(__VA_ARGS__) __asm__("__real_" SYMBOL); \
  RESULT Our##NAME(__VA_ARGS__) __asm__("__wrap_" SYMBOL);  \
  RESULT Our##NAME(__VA_ARGS__)

IN_PLACE_OF(Lock, "_ZN4absl7debian35Mutex4LockEv", void, Mutex* mutex) {
  RealLock(mutex);
  Acquire(mutex);
}

IN_PLACE_OF(Unlock, "_ZN4absl7debian35Mutex6UnlockEv", void, Mutex* mutex) {
  Release(mutex);
  Unseen([&] { RealUnlock(mutex); });
}

IN_PLACE_OF(ReaderLock, "_ZN4absl7debian35Mutex10ReaderLockEv", void, Mutex* mutex) {
  RealReaderLock(mutex);
  Acquire(mutex);
}

IN_PLACE_OF(ReaderUnlock, "_ZN4absl7debian35Mutex12ReaderUnlockEv", void, Mutex* mutex) {
  Release(mutex);
  Unseen([&] { RealReaderUnlock(mutex); });
}

IN_PLACE_OF(LockWhen, "_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE", void, Mutex* mutex,
            const Condition& condition) {
  Release(mutex);  // the condition, which others evaluate
  Unseen([&] { RealLockWhen(mutex, condition); });
  Acquire(mutex);
}

IN_PLACE_OF(Await, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", void, Mutex* mutex, const Condition& condition) {
  Release(mutex);
  Unseen([&] { RealAwait(mutex, condition); });
  Acquire(mutex);
}

IN_PLACE_OF(AwaitWithTimeout, "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE", bool,
            Mutex* mutex, const Condition& condition, Duration timeout) {
  Release(mutex);
  const bool met = Unseen([&] { return RealAwaitWithTimeout(mutex, condition, timeout); });
  Acquire(mutex);
  return met;
}

IN_PLACE_OF(AwaitWithDeadline, "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE", bool,
            Mutex* mutex, const Condition& condition, Time deadline) {
  Release(mutex);
  const bool met = Unseen([&] { return RealAwaitWithDeadline(mutex, condition, deadline); });
  Acquire(mutex);
  return met;
}

IN_PLACE_OF(Wait, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", void, CondVar* signal, Mutex* mutex) {
  Release(mutex);
  Unseen([&] { RealWait(signal, mutex); });
  Acquire(mutex);
}

IN_PLACE_OF(WaitWithTimeout, "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE", bool,
            CondVar* signal, Mutex* mutex, Duration timeout) {
  Release(mutex);
  const bool timed_out = Unseen([&] { return RealWaitWithTimeout(signal, mutex, timeout); });
  Acquire(mutex);
  return timed_out;
}

IN_PLACE_OF(WaitWithDeadline, "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE", bool,
            CondVar* signal, Mutex* mutex, Time deadline) {
  Release(mutex);
  const bool timed_out = Unseen([&] { return RealWaitWithDeadline(signal, mutex, deadline); });
  Acquire(mutex);
  return timed_out;
}

IN_PLACE_OF(Notify, "_ZN4absl7debian312Notification6NotifyEv", void, Notification* notification) {
  Release(notification);
  RealNotify(notification);
}

IN_PLACE_OF(WaitForNotification, "_ZNK4absl7debian312Notification19WaitForNotificationEv", void,
            const Notification* notification) {
  RealWaitForNotification(notification);
  Acquire(notification);
}

IN_PLACE_OF(WaitForNotificationWithTimeout,
            "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE", bool,
            const Notification* notification, Duration timeout) {
  const bool notified = RealWaitForNotificationWithTimeout(notification, timeout);
  Acquire(notification);
  return notified;
}

IN_PLACE_OF(DecrementCount, "_ZN4absl7debian315BlockingCounter14DecrementCountEv", bool, BlockingCounter* counter) {
  Release(counter);
  return RealDecrementCount(counter);
}

IN_PLACE_OF(WaitForZero, "_ZN4absl7debian315BlockingCounter4WaitEv", void, BlockingCounter* counter) {
  RealWaitForZero(counter);
  Acquire(counter);
}
