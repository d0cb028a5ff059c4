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
