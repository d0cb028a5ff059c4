"""The known answers of section 9: the statement that a device signs, and the server's challenge."""

import curve
import statements as s
from primitives import mac, sha256

SERVER, ACCOUNT = "vectors.labyrinth.test", "account/ünïcode:7"
NOW_MS = 1_767_225_600_000
TTL_MS = 30_000


def build(random):
    device, code, other = s.Device(random, "first"), s.Device(random, "code", s.VIRTUAL), s.Device(random, "second")

    def statement(name, signer, **changes):
        v = {
            "name": name,
            "server_name": SERVER,
            "account_id": ACCOUNT,
            "labyrinth_id": random("labyrinth id", 16),
            "device_id": 0x7FEDCBA987654321,
            "kind": signer.kind,
            "device_key": signer.device_key,
            "account_token": "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl",
            "challenge": random(f"{name}|challenge", 61),
            "client_random": random(f"{name}|client random", 32),
        } | changes
        v["account_token_hash"] = sha256(v["account_token"].encode())
        v["device_key_priv"] = signer.device_priv
        v["Z"] = random(f"{name}|Z", 64)
        v["statement"] = s.session_statement(v)
        v["signature"] = curve.sign(signer.device_priv, bytes([s.SESSION_USE]) + v["statement"], v["Z"])
        v["device_id"] = str(v["device_id"])
        return v

    vectors = [statement("a device", device), statement("a recovery code's virtual device", code, device_id=1),
               statement("empty parts", device, account_token="", challenge=b"")]
    signed = ("server_name", "account_id", "labyrinth_id", "device_id", "kind", "device_key", "account_token",
              "challenge", "client_random", "signature")
    good = {key: vectors[0][key] for key in signed}
    changes = [
        ("another server", {"server_name": "vectors.labyrinth.tesu"}),
        ("another account", {"account_id": "account-8"}),
        ("a byte moved from name to account", {"server_name": SERVER[:-1], "account_id": SERVER[-1] + ACCOUNT}),
        ("another mailbox", {"labyrinth_id": random("another mailbox", 16)}),
        ("another device", {"device_id": "2"}),
        ("another kind", {"kind": 2}),
        ("another key", {"device_key": other.device_key}),
        ("another token", {"account_token": good["account_token"] + "A"}),
        ("another challenge", {"challenge": random("another challenge", 61)}),
        ("another share of the client", {"client_random": random("another share", 32)}),
        ("signed as a log entry", {"signature": curve.sign(
            device.device_priv, bytes([s.LOG_ENTRY_USE]) + vectors[0]["statement"], random("as a log entry", 64))}),
        ("signed without a use byte", {"signature": curve.sign(
            device.device_priv, vectors[0]["statement"], random("without a use byte", 64))}),
    ]

    key, random16 = random("challenge key", 32), random("challenge random", 16)
    device_id = 0x1122334455667788
    made = s.challenge(key, random16, NOW_MS + TTL_MS, ACCOUNT, device_id, SERVER)
    layout = {
        "name": "a challenge",
        "key": key,
        "key_id": int.from_bytes(mac(b"key id", key)[:4], "big"),
        "server_name": SERVER,
        "account_id": ACCOUNT,
        "device_id": str(device_id),
        "now_ms": NOW_MS,
        "random": random16,
        "expire_ms": NOW_MS + TTL_MS,
        "challenge": made,
    }
    asked = {k: layout[k] for k in ("account_id", "device_id", "now_ms", "challenge")}
    forged = s.challenge(random("another key", 32), random16, NOW_MS + TTL_MS, ACCOUNT, device_id, SERVER)
    refusals = [
        ("a byte too few", {"challenge": made[:-1]}, "malformed"),
        ("a byte too many", {"challenge": made + b"\0"}, "malformed"),
        ("version 2", {"challenge": b"\2" + made[1:]}, "another version"),
        ("of another key", {"challenge": forged}, "another key"),
        ("of another key under our key's id", {"challenge": made[:5] + forged[5:]}, "not made for"),
        ("a later end", {"challenge": made[:28] + bytes([made[28] ^ 1]) + made[29:]}, "not made for"),
        ("for another account", {"account_id": "account-8"}, "not made for"),
        ("for another device", {"device_id": "7"}, "not made for"),
        ("for another server", {"challenge": s.challenge(
            key, random16, NOW_MS + TTL_MS, ACCOUNT, device_id, "other.labyrinth.test")}, "not made for"),
        ("at its end", {"now_ms": NOW_MS + TTL_MS}, "expired"),
    ]
    return {
        "session_statements": {
            "note": "`must_not_verify`: vector 0 with one thing changed after signing.",
            "vectors": vectors,
            "must_not_verify": [good | {"name": name} | change for name, change in changes],
        },
        "sign_in_challenges": {
            "note": "The server's own; clients take them as they are. `must_fail` asks the server of vector 0.",
            "vectors": [layout],
            "must_fail": [asked | {"name": name, "refused": refused} | change for name, change, refused in refusals],
        },
    }
