"""Section 1 of docs/PROTOCOL.md: kdf, mac, encrypt, padding; AES-GCM comes from Debian's python3-cryptography."""

import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import curve


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(data, key):
    return hmac.new(key, data, hashlib.sha256).digest()


def kdf(ikm, salt, info, size=32):
    """HKDF-SHA256, RFC 5869; salt None is the null salt."""
    key = mac(ikm, salt if salt is not None else bytes(32))
    out, block = b"", b""
    while len(out) < size:
        block = mac(block + info + bytes([len(out) // 32 + 1]), key)
        out += block
    return out[:size]


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha section 2.2."""
    s = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def rotate(x, n):
        return (x << n | x >> (32 - n)) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], n)

    for _ in range(10):
        for columns in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(*columns)
        for diagonals in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*diagonals)
    return struct.pack("<8I", *(s[:4] + s[12:]))


def padme(size):
    if size < 10:
        return 10
    e = size.bit_length() - 1
    step = 1 << (e - e.bit_length())
    return -(-size // step) * step


def pad(plaintext):
    return struct.pack(">I", len(plaintext)) + plaintext.ljust(padme(len(plaintext)), b"\0")


def encrypt_raw(key, aad, plaintext, nonce28):
    subkey = hchacha20(key, nonce28[:16])
    return nonce28 + AESGCM(subkey).encrypt(nonce28[16:], plaintext, aad)


def encrypt(key, aad, plaintext, nonce28):
    return encrypt_raw(key, aad, pad(plaintext), nonce28)


def lv(data):
    return struct.pack(">I", len(data)) + data


def u8(value):
    return bytes([value])


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def i64(value):
    return struct.pack(">q", value)


def b64(number):
    return base64.b64encode(b"%d" % number)


def hash_to_curve(data):
    return curve.from_hash(hashlib.sha512(data).digest())


def client_map(k, domain, data):
    return curve.encode(curve.multiply(k, hash_to_curve(mac(data, domain))))


def server_map(s, domain, encoded_point):
    return mac(curve.encode(curve.multiply(s, curve.decode(encoded_point))), domain)
