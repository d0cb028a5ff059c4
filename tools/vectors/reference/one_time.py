"""The known answers of section 4's one-time codes: digits, a run from nonces to bundle, and what is refused."""

import hashlib

import cpace
import curve
import statements as s
from primitives import encrypt, kdf, lv, mac, sha256, u8, u32, u64

SERVER, ACCOUNT = "vectors.labyrinth.test", "account/ünïcode:7"
MILLION = 10**6


def scalar(random, label):
    return (int.from_bytes(random(label, 64), "little") % curve.L).to_bytes(32, "little")


def code(name, drawn):
    """Four bytes a try; beyond the last whole million of 32 bits, the next four."""
    for i in range(0, len(drawn), 4):
        number = int.from_bytes(drawn[i:i + 4], "big")
        if number < 2**32 // MILLION * MILLION:
            assert i + 4 == len(drawn), name
            digits = f"{number % MILLION:06d}"
            return {"name": name, "random": drawn, "digits": digits, "formatted": digits[:3] + " " + digits[3:]}
    raise AssertionError(name)


def device_fields(device):
    return {"device_key": device.device_key, "epoch_storage_key": device.storage_key,
            "epoch_storage_auth_key": device.auth_key, "sig_30": device.sig_30, "sig_31": device.sig_31}


def add_entry(random, name, old, new, index, previous_head, epoch_sequence, **changes):
    entry = s.log_entry({
        "kind": 2, "index": index, "previous_head": previous_head, "server_name": SERVER, "account_id": ACCOUNT,
        "time_ms": 1_767_225_600_000, "subject_kind": s.PHYSICAL, "subject_device_key": new.device_key,
        "subject_epoch_storage_key": new.storage_key, "subject_epoch_storage_auth_key": new.auth_key,
        "epoch_sequence": epoch_sequence, "body_hash": sha256(lv(new.sig_30) + lv(new.sig_31)),
        "actor_device_key": old.device_key,
    } | changes)
    return entry, curve.sign(old.device_priv, bytes([s.LOG_ENTRY_USE]) + entry, random(f"otc {name} Z", 64))


def bundle_bytes(b):
    return (u8(1) + b["temporary_client_state"] + b["mailbox_root_salt"] + b["epoch_root_key"] + u64(int(b["epoch_id"]))
            + u32(b["epoch_sequence_id"]) + lv(b["entry"]) + b["signature"])


def run(random, name, old, new, digits, attempt=1, log_moved=0):
    def fresh(label, size):
        return random(f"otc {name} {label}", size)

    inputs = {
        "name": name, "server_name": SERVER, "account_id": ACCOUNT, "enrollment_id": fresh("eid", 16),
        "attempt": attempt, "new_device_nonce": fresh("nN", 16), "old_device_nonce": fresh("nO", 16), "digits": digits,
        "new_device": device_fields(new),
        "old_device": {"device_key": old.device_key, "labyrinth_id": fresh("labyrinthID", 16),
                       "epoch_id": "%d" % (int.from_bytes(fresh("epoch id", 8), "big") >> 1), "log_index": 11,
                       "log_head": fresh("log head", 32)},
        "new_device_scalar": scalar(random, f"otc {name} ya"), "old_device_scalar": scalar(random, f"otc {name} yb"),
    }
    n, o = inputs["new_device"], inputs["old_device"]
    ada = n["device_key"] + n["epoch_storage_key"] + n["epoch_storage_auth_key"] + n["sig_30"] + n["sig_31"]
    adb = o["device_key"] + o["labyrinth_id"] + u64(int(o["epoch_id"])) + u64(o["log_index"]) + o["log_head"]
    sid = sha256(inputs["enrollment_id"] + u8(attempt) + inputs["new_device_nonce"] + inputs["old_device_nonce"])
    ci = lv(b"labyrinth/otc/v1") + lv(SERVER.encode()) + lv(ACCOUNT.encode())
    pake = cpace.run(digits.encode(), ci, sid, inputs["new_device_scalar"], ada, inputs["old_device_scalar"], adb)
    ya, yb = pake["initiator_share"], pake["responder_share"]
    t = hashlib.sha512(lv(ci) + lv(sid) + lv(ya) + lv(ada) + lv(yb) + lv(adb)).digest()
    keys = kdf(pake["isk_ir"], sid, b"labyrinth_otc_v1", 96)
    mac_n, mac_o = mac(b"N" + t, keys[:32]), mac(b"O" + t, keys[32:64])

    previous_head = fresh("another head", 32) if log_moved else o["log_head"]
    entry, signature = add_entry(random, name, old, new, o["log_index"] + 1 + log_moved, previous_head, 7)
    bundle = {
        "temporary_client_state": scalar(random, f"otc {name} client state"),
        "mailbox_root_salt": fresh("salt", 32), "epoch_root_key": fresh("epoch root key", 32),
        "epoch_id": "%d" % (int(o["epoch_id"]) ^ log_moved), "epoch_sequence_id": 7,
        "entry": entry, "signature": signature,
    }
    nonce = fresh("nonce", 28)
    encrypted = encrypt(keys[64:], b"labyrinth_otc_bundle" + t, bundle_bytes(bundle), nonce)
    return inputs | {
        "ada": ada, "adb": adb, "sid": sid, "ci": ci, "isk": pake["isk_ir"], "transcript": t, "c_n": keys[:32],
        "c_o": keys[32:64], "otc_secret": keys[64:], "mac_n": mac_n, "mac_o": mac_o, "bundle": bundle,
        "bundle_plaintext": bundle_bytes(bundle), "nonce28": nonce, "encrypted_bundle": encrypted,
        "start": ya, "answer": yb + adb, "confirm": mac_n, "grant": mac_o + encrypted,
    }


def refused_grants(random, v, old, new, stranger):
    t, key, index = v["transcript"], v["otc_secret"], v["old_device"]["log_index"] + 1
    aad = b"labyrinth_otc_bundle" + t

    def sealed(name, plaintext, aad=aad, key=key):
        return v["mac_o"] + encrypt(key, aad, plaintext, random(f"otc refused {name}", 28))

    def with_entry(name, old_=old, new_=new, index_=index, head=v["old_device"]["log_head"], sequence=7, **changes):
        entry, signature = add_entry(random, name, old_, new_, index_, head, sequence, **changes)
        return sealed(name, bundle_bytes(v["bundle"] | {"entry": entry, "signature": signature}))

    good, plain = v["grant"], v["bundle_plaintext"]
    tampered = "a one-time code's bundle"
    entry = "Add entry"
    unsigned = bundle_bytes(v["bundle"] | {"signature": bytes([v["bundle"]["signature"][0] ^ 1])
                                           + v["bundle"]["signature"][1:]})
    rows = [
        ("N's mac reflected", v["mac_n"] + v["encrypted_bundle"], "the codes differ"),
        ("O's mac under cN", mac(b"O" + t, v["c_n"]) + v["encrypted_bundle"], "the codes differ"),
        ("no bundle", v["mac_o"], "too short"),
        ("over 4096 bytes", good + bytes(4097 - len(good)), "too long"),
        ("a changed last byte", good[:-1] + bytes([good[-1] ^ 1]), tampered),
        ("cut short", good[:-1], tampered),
        ("under another transcript", sealed("other aad", plain, aad=b"labyrinth_otc_bundle" + bytes(64)), tampered),
        ("under cO", sealed("other key", plain, key=v["c_o"]), tampered),
        ("version 2", sealed("version", b"\2" + plain[1:]), tampered),
        ("a byte more", sealed("more", plain + b"\0"), tampered),
        ("a byte less", sealed("less", plain[:-1]), tampered),
        ("a client state of zero", sealed("zero state", plain[:1] + bytes(32) + plain[33:]), tampered),
        ("epoch id 0", sealed("no epoch", bundle_bytes(v["bundle"] | {"epoch_id": "0"})), tampered),
        ("an entry's signature changed", sealed("unsigned", unsigned), entry),
        ("an entry for another device", with_entry("other device", new_=stranger), entry),
        ("an entry by another sponsor", with_entry("other sponsor", old_=stranger), entry),
        ("an entry for another account", with_entry("other account", account_id="account-8"), entry),
        ("an entry for another server", with_entry("other server", server_name="other.labyrinth.test"), entry),
        ("an entry over other signatures", with_entry("other body", body_hash=sha256(b"")), entry),
        ("an entry of another epoch", with_entry("other sequence", sequence=8), entry),
        ("an entry that removes", with_entry("remove", kind=4, body_hash=bytes(32)), entry),
        ("an entry at the answer's own index", with_entry("old index", index_=index - 1), entry),
        ("an entry on another head", with_entry("other head", head=bytes(32)), entry),
        ("another epoch id at the same log", sealed("other epoch id", bundle_bytes(
            v["bundle"] | {"epoch_id": "%d" % (int(v["bundle"]["epoch_id"]) ^ 1)})), entry),
    ]
    return [{"name": name, "grant": grant, "refused": refused} for name, grant, refused in rows]


def build(random):
    old, new, stranger = (s.Device(random, f"otc {name}") for name in ("old", "new", "stranger"))
    first = run(random, "first attempt", old, new, "042917")
    third = run(random, "third attempt, the log and the epoch having moved", old, new, "999999", attempt=3, log_moved=2)
    last = (2**32 // MILLION * MILLION - 1).to_bytes(4, "big")
    beyond = (2**32 // MILLION * MILLION).to_bytes(4, "big")
    other_run = run(random, "another run", old, new, "042917")
    answer = first["answer"]
    return {"one_time_codes": {
        "note": "`must_fail_*`: what vector 0's devices refuse. Scalars are little-endian.",
        "codes": [
            code("any", random("otc code", 4)),
            code("the last without bias", last),
            code("the first beyond is drawn again", beyond + bytes(3) + b"\x07"),
            code("far beyond, twice", b"\xff" * 8 + random("otc second try", 3).rjust(4, b"\0")),
        ],
        "typed": [
            {"typed": typed, "digits": "042917"} for typed in ("042917", "042 917", " 04-29-17 ", "0 4 2 9 1 7")
        ],
        "must_reject_typed": [
            {"typed": typed, "refused": refused} for typed, refused in (
                ("", "not 0"), ("04291", "not 5"), ("0429178", "not 7"), ("O42917", "digits alone"),
                ("042.917", "digits alone"), ("०४२९१७", "digits alone"), ("0" * 257, "six digits"))
        ],
        "vectors": [first, third],
        "must_fail_start": [
            {"name": "the identity", "start": bytes(32), "refused": "identity"},
            {"name": "no element", "start": cpace.DRAFT_INVALID, "refused": "canonical"},
            {"name": "31 bytes", "start": first["start"][:31], "refused": "32 bytes"},
        ],
        "must_fail_answer": [
            {"name": "the identity", "answer": bytes(32) + answer[32:], "refused": "identity"},
            {"name": "no element", "answer": cpace.DRAFT_INVALID + answer[32:], "refused": "canonical"},
            {"name": "a byte less", "answer": answer[:-1], "refused": "length"},
            {"name": "a byte more", "answer": answer + b"\0", "refused": "length"},
            {"name": "a key of low order", "answer": answer[:32] + bytes(32) + answer[64:], "refused": "usable"},
            {"name": "epoch id 0", "answer": answer[:80] + bytes(8) + answer[88:], "refused": "epoch"},
        ],
        "must_fail_confirm": [
            {"name": "O's mac reflected", "confirm": first["mac_o"], "refused": "the codes differ"},
            {"name": "N's mac under cO", "confirm": mac(b"N" + first["transcript"], first["c_o"]),
             "refused": "the codes differ"},
            {"name": "another run's", "confirm": other_run["mac_n"], "refused": "the codes differ"},
            {"name": "31 bytes", "confirm": first["mac_n"][:31], "refused": "32 bytes"},
        ],
        "must_fail_grant": refused_grants(random, first, old, new, stranger),
    }}
