"""Curve25519 in plain integers: the Edwards form, ristretto255 (RFC 9496) and XEdDSA. Slow, readable, not constant
time: it makes known answers and never sees a real key."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # order of the prime-order subgroup
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def _inverse(x):
    return pow(x, P - 2, P)


# --- Points of -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates (X, Y, Z, T), RFC 8032 section 5.1.4. ---

IDENTITY = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    out = IDENTITY
    while scalar > 0:
        if scalar & 1:
            out = add(out, point)
        point = add(point, point)
        scalar >>= 1
    return out


def _recover_x(y, sign):
    x2 = (y * y - 1) * _inverse(D * y * y + 1) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P != 0 or (x == 0 and sign == 1):
        return None
    return P - x if x & 1 != sign else x


def _point(x, y):
    return (x, y, 1, x * y % P)


BASE_Y = 4 * _inverse(5) % P
BASE = _point(_recover_x(BASE_Y, 0), BASE_Y)


def encode_edwards(point):
    z = _inverse(point[2])
    x, y = point[0] * z % P, point[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


# --- XEdDSA (Perrin): signatures with X25519 keys. ---


def clamp(private):
    k = bytearray(private)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    return int.from_bytes(k, "little")


def public_key(private):
    """The X25519 public key: u = (1 + y) / (1 - y)."""
    point = multiply(clamp(private), BASE)
    z, y = point[2], point[1]
    return ((z + y) * _inverse(z - y) % P).to_bytes(32, "little")


def _hash_to_scalar(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def sign(private, message, z):
    """z: 64 random bytes."""
    k = clamp(private)
    public = encode_edwards(multiply(k, BASE))
    a = (L - k % L) % L if public[31] & 0x80 else k % L
    public = public[:31] + bytes([public[31] & 0x7F])  # the key pair whose sign bit is 0
    r = _hash_to_scalar(b"\xfe" + b"\xff" * 31, a.to_bytes(32, "little"), message, z)
    commitment = encode_edwards(multiply(r, BASE))
    h = _hash_to_scalar(commitment, public, message)
    return commitment + ((r + h * a) % L).to_bytes(32, "little")


def verify(public, message, signature):
    u, s = int.from_bytes(public, "little"), int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or u >= P or s >= L or (u + 1) % P == 0:
        return False
    y = (u - 1) * _inverse(u + 1) % P
    x = _recover_x(y, 0)
    if x is None:
        return False
    a = _point(x, y)
    if multiply(8, a)[0] == 0:  # low order
        return False
    h = _hash_to_scalar(signature[:32], y.to_bytes(32, "little"), message)
    minus_a = _point(P - x, y)
    return encode_edwards(add(multiply(s, BASE), multiply(h, minus_a))) == signature[:32]


# --- ristretto255, RFC 9496 section 4. ---


def _is_negative(x):
    return x % P & 1


def _abs(x):
    return P - x % P if _is_negative(x) else x % P


def _sqrt_ratio(u, v):
    """(was square, sqrt(u / v) or sqrt(i * u / v))."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u % P, -u % P), _abs(r)


ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
# RFC 9496 section 4.1 fixes which of the two roots each of these is.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
assert (SQRT_AD_MINUS_ONE**2 - (-D - 1)) % P == 0 and (INVSQRT_A_MINUS_D**2 * (-1 - D) - 1) % P == 0


def decode(data):
    """The point, or None where RFC 9496 section 4.3.1 refuses. The identity is a point here."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or _is_negative(s):
        return None
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    square, invsqrt = _sqrt_ratio(1, v * u2 * u2 % P)
    den_x, den_y = invsqrt * u2 % P, 0
    den_y = invsqrt * den_x * v % P
    x = _abs(2 * s * den_x)
    y = u1 * den_y % P
    t = x * y % P
    if not square or _is_negative(t) or y == 0:
        return None
    return (x, y, 1, t)


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, invsqrt = _sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P
    if _is_negative(t0 * z_inv):
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if _is_negative(x * z_inv):
        y = -y % P
    return _abs(den * (z0 - y)).to_bytes(32, "little")


def _map(t):
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    square, s = _sqrt_ratio(u, v)
    c = P - 1
    if not square:
        s, c = (-_abs(s * t)) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return (w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def from_hash(uniform):
    """64 uniform bytes, RFC 9496 section 4.3.4."""
    halves = (uniform[:32], uniform[32:])
    return add(*(_map(int.from_bytes(half, "little") % 2**255 % P) for half in halves))
