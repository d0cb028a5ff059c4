"""How Debian's libraries are linked."""

def archived(libraries, archives = [], shared = [], whole = False):
    """Link options for libraries of which Debian has archives as well.

    Programs and tests take the archives: calls within a library then go straight to their target instead of through
    the tables of a shared one, which is an eighth of the server's time (docs/PERFORMANCE.md). The sanitizers take the
    shared libraries, for the thread sanitizer must be able to tell which code is ours.

    Args:
      libraries: their names, without "lib".
      archives: what the archives need beyond that, as archives.
      shared: what the archives need beyond that, as shared libraries.
      whole: take all of them, for the sake of what only their static constructors set up.
    Returns:
      for a rule's linkopts.
    """
    own = ["-l:lib{}.a".format(name) for name in libraries]
    if whole:
        own = ["-Wl,--whole-archive"] + own + ["-Wl,--no-whole-archive"]
    rest = ["-l:lib{}.a".format(name) for name in archives]
    return select({
        "//third_party:opt": ["-Wl,--start-group"] + own + rest + ["-Wl,--end-group"] + ["-l" + name for name in shared],
        "//conditions:default": ["-l" + name for name in libraries],
    })

# The functions of abseil's that wait for another thread or let it go on, as far as anything here calls them: what
# abseil_tsan.cc stands for.
ABSEIL_WAITS = [
    "_ZN4absl7debian35Mutex4LockEv",
    "_ZN4absl7debian35Mutex6UnlockEv",
    "_ZN4absl7debian35Mutex10ReaderLockEv",
    "_ZN4absl7debian35Mutex12ReaderUnlockEv",
    "_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE",
    "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE",
    "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
    "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
    "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE",
    "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
    "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
    "_ZN4absl7debian312Notification6NotifyEv",
    "_ZNK4absl7debian312Notification19WaitForNotificationEv",
    "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE",
    "_ZN4absl7debian315BlockingCounter14DecrementCountEv",
    "_ZN4absl7debian315BlockingCounter4WaitEv",
]

def wrapped(symbols):
    """Link options that put __wrap_SYMBOL in the place of each of `symbols`, under the thread sanitizer alone."""
    return select({
        "//third_party:tsan": ["-Wl,--wrap=" + symbol for symbol in symbols],
        "//conditions:default": [],
    })
