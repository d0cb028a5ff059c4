"""Check symbols of recovery codes (section 4) and their correction, by a table of syndromes instead of equations."""

ALPHABET = "ACDEFHJKLMNPQRSTUVWXYZ0123456789"
ENTROPY, WORD = 34, 38

# G's first five columns; the others are the twisted cubic (section 13).
FURTHER_POINTS = [(8, 4, 16, 7), (31, 28, 30, 24), (13, 6, 31, 1), (24, 13, 27, 1), (22, 14, 14, 29)]


def times(a, b):
    """GF(2)[x] / (x^5 + x^2 + 1)."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        a, b = a << 1, b >> 1
        if a & 32:
            a ^= 0b100101
    return out


def column(scale, point):
    return tuple(times(scale, x) for x in point)


def plus(a, b):
    return tuple(x ^ y for x, y in zip(a, b))


MATRIX = FURTHER_POINTS + [(1, t, times(t, t), times(t, times(t, t))) for t in range(32)] + [(0, 0, 0, 1)]
assert len(MATRIX) == WORD
# syndrome of a single error -> (place, value); all different, since any two columns are independent
SINGLE = {column(value, MATRIX[at]): (at, value) for at in range(WORD) for value in range(1, 32)}
assert len(SINGLE) == WORD * 31


def syndrome(word):
    out = (0, 0, 0, 0)
    for value, point in zip(word, MATRIX):
        out = plus(out, column(value, point))
    return out


def values(characters):
    return [ALPHABET.index(c) for c in characters]


def check_symbols(entropy):
    """By trying all pairs of the last two symbols against a table of all pairs of the first two."""
    target = syndrome(values(entropy))
    pairs = {}
    for a in range(32):
        for b in range(32):
            pairs[plus(column(a, MATRIX[34]), column(b, MATRIX[35]))] = (a, b)
    for c in range(32):
        for d in range(32):
            found = pairs.get(plus(target, plus(column(c, MATRIX[36]), column(d, MATRIX[37]))))
            if found is not None:
                return "".join(ALPHABET[x] for x in found + (c, d))
    raise AssertionError("the last four columns are not invertible")


def corrections(word):
    """Every set of one, two or three wrong places and what to add there, lightest first, then by place."""
    target = syndrome(values(word))
    if target == (0, 0, 0, 0):
        return []
    found = set()
    if target in SINGLE:
        found.add((SINGLE[target],))
    for i in range(WORD):
        for a in range(1, 32):
            rest = plus(target, column(a, MATRIX[i]))
            if rest in SINGLE and SINGLE[rest][0] > i:
                found.add(((i, a), SINGLE[rest]))
            for j in range(i + 1, WORD):
                for b in range(1, 32):
                    last = SINGLE.get(plus(rest, column(b, MATRIX[j])))
                    if last is not None and last[0] > j:
                        found.add(((i, a), (j, b), last))
    return sorted(found, key=lambda errors: (len(errors), [at for at, _ in errors]))


def corrected(word, errors):
    out = values(word)
    for at, value in errors:
        out[at] ^= value
    return "".join(ALPHABET[x] for x in out)
