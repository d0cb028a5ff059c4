"""The known answers of section 8: one membership log with every kind of entry, what must not follow it, commitments."""

import curve
import statements as s
from primitives import b64, encrypt, kdf, lv, mac, sha256

SERVER, ACCOUNT = "vectors.labyrinth.test", "account/ünïcode:7"
START_MS = 1_767_225_600_000


class Log:
    """A log that is being written: each entry with all that it was made from."""

    def __init__(self, random):
        self.random = random
        self.entries = []
        self.head = bytes(32)
        self.sequence = 0

    def make(self, name, kind, actor, subject=None, body=None, body_hash=bytes(32), **changes):
        """An entry for the log's end, not yet appended. `changes` overwrite fields before it is signed."""
        entry = {
            "name": name,
            "kind": kind,
            "index": len(self.entries),
            "previous_head": self.head,
            "server_name": SERVER,
            "account_id": ACCOUNT,
            "time_ms": START_MS + 1000 * len(self.entries),
            "subject_kind": subject.kind if subject else s.NO_SUBJECT,
            "subject_device_key": subject.device_key if subject else bytes(32),
            "subject_epoch_storage_key": subject.storage_key if subject else bytes(32),
            "subject_epoch_storage_auth_key": subject.auth_key if subject else bytes(32),
            "epoch_sequence": self.sequence + (kind == 5),
            "body_hash": body_hash,
            "actor_device_key": actor.device_key,
        }
        if body is not None:
            entry["body"] = body
        entry.update(changes)
        return self.sign(entry, actor)

    def sign(self, entry, actor):
        entry["actor_device_key_priv"] = actor.device_priv
        entry["Z"] = self.random(f"log|{entry['name']}|Z", 64)
        entry["entry"] = s.log_entry(entry)
        entry["signature"] = curve.sign(actor.device_priv, bytes([s.LOG_ENTRY_USE]) + entry["entry"], entry["Z"])
        entry["head"] = s.log_head(entry["entry"], entry["signature"])
        return entry

    def append(self, *args, **kwargs):
        entry = self.make(*args, **kwargs)
        self.entries.append(entry)
        self.head, self.sequence = entry["head"], entry["epoch_sequence"]
        return entry


def device_mac(root_key, sequence, device):
    return mac(b"\xff\x01" + device.device_key, kdf(root_key, None, b"epoch_devices_" + b64(sequence)))


def open_epoch(log, name, opener, members, root_key):
    """Entropies are opaque to the log: random bytes stand for them, of the length that they have."""
    storage_key = kdf(root_key, None, b"epoch_data_storage_" + b64(log.sequence + 1))
    enc = [
        encrypt(storage_key, b"epoch_data_metadata", plain, log.random(f"{name}|nonce{i}", 28))
        for i, plain in enumerate((b"%d" % log.sequence, log.random(f"{name}|previous root", 32)))
    ]
    rows = [(m.device_key, device_mac(root_key, log.sequence + 1, m), log.random(f"{name}|{i}", 81))
            for i, m in enumerate(members)]
    rows.sort(reverse=True)  # the hash sorts for itself
    body = {
        "encrypted_previous_sequence": enc[0],
        "encrypted_previous_root_key": enc[1],
        "members": [{"device_key": k, "epoch_device_mac": t, "encrypted_entropy": e} for k, t, e in rows],
    }
    return log.append(name, 5, opener, None, body, s.open_epoch_body(enc[0], enc[1], rows))


def signatures_body(device):
    return {"sig_30": device.sig_30, "sig_31": device.sig_31}


def signatures_hash(device):
    return sha256(lv(device.sig_30) + lv(device.sig_31))


def build(random):
    devices = {name: s.Device(random, name) for name in ("first", "second", "stranger")}
    devices["code"] = s.Device(random, "code", s.VIRTUAL)
    devices["code 2"] = s.Device(random, "code 2", s.VIRTUAL)
    first, second, stranger = devices["first"], devices["second"], devices["stranger"]
    code, code2 = devices["code"], devices["code 2"]
    roots = [random(f"epoch {i} root key", 32) for i in range(3)]
    log = Log(random)

    tag = device_mac(roots[0], 0, first)
    log.append("create", 1, first, first, signatures_body(first) | {"epoch_device_mac": tag},
               sha256(lv(first.sig_30) + lv(first.sig_31) + lv(tag)))
    sealed = [random(f"sealed {i}", size) for i, size in enumerate((80, 80, 80, 80, 80, 58))]
    vdevice_id = random("vdevice id", 16)
    virtual_body = {"vdevice_id": vdevice_id, "sig_30": code.sig_30, "sealed": sealed}
    virtual_hash = sha256(lv(vdevice_id) + lv(code.sig_30) + b"".join(map(lv, sealed)))
    log.append("first makes a recovery code", 3, first, code, virtual_body, virtual_hash)
    log.append("second joins by the code", 2, code, second, signatures_body(second), signatures_hash(second))
    open_epoch(log, "second opens epoch 1", second, [first, code, second], roots[1])
    log.append("second removes the code", 4, second, code)
    open_epoch(log, "first opens epoch 2", first, [first, second], roots[2])
    log.append("second removes itself", 4, second, second)
    log.append("first closes the mailbox", 6, first)

    commitments = []
    for length, sequence, members in ((1, 0, [first]), (4, 1, [first, code, second]), (6, 2, [first, second])):
        end = log.entries[length - 1]
        pairs = [(m.device_key, m.storage_key) for m in members]
        commitments.append({
            "name": f"epoch {sequence}",
            "log_length": length,
            "epoch_root_key": roots[sequence],
            "epoch_sequence": sequence,
            "log_index": end["index"],
            "head": end["head"],
            "members_hash": s.members_hash(pairs),
            "commitment": s.commitment(end["index"], end["head"], pairs, roots[sequence], sequence),
        })
    return {
        "log": log,
        "membership_log": {
            "note": "One log; `entries` follow each other. `reject_entries` are bytes that no decoder takes, "
                    "`must_not_follow` are well-formed and signed but may not stand after the first `after` entries; "
                    "`refused` is a part of the error's text.",
            "entries": log.entries,
            "reject_entries": rejected(log),
            "must_not_follow": unwelcome(log, first, second, stranger, code, code2),
        },
        "epoch_commitments": {
            "note": "Over the first `log_length` entries of membership_log.",
            "vectors": commitments,
            "must_fail": bad_commitments(commitments, roots, first, second, code),
        },
    }


def rejected(log):
    create, opened = log.entries[0], log.entries[3]
    removed = log.entries[4]

    def changed(entry, **fields):
        return s.log_entry(entry | fields)

    plain = create["entry"]
    rows = [
        ("version 2", b"\x02" + plain[1:], "log_entry.version"),
        ("no bytes", b"", "log_entry.version"),
        ("kind 0", changed(create, kind=0), "log_entry.kind"),
        ("kind 7", changed(opened, kind=7), "log_entry.kind"),
        ("a byte too few", plain[:-1], "log_entry.length"),
        ("a byte too many", plain + b"\0", "log_entry.length"),
        ("a name longer than the bytes", plain[:42] + b"\0\0\1\xff" + plain[46:], "log_entry.length"),
        ("no server name", changed(create, server_name=""), "log_entry.server_name"),
        ("no account", changed(create, account_id=""), "log_entry.account_id"),
        ("over 512 bytes", changed(create, server_name="s" * 290), "log_entry_bytes = 512"),
        ("before 1970", changed(create, time_ms=-1), "log_entry.time_ms"),
        ("after the year 9999", changed(create, time_ms=253_402_300_800_000), "log_entry.time_ms"),
        ("a create of a virtual device", changed(create, subject_kind=2), "log_entry.subject_kind"),
        ("an open with a subject", changed(opened, subject_kind=1), "log_entry.subject_kind"),
        ("a subject of kind 3", changed(create, subject_kind=3), "log_entry.subject_kind"),
        ("an open with a subject's key", changed(opened, subject_device_key=b"\1" * 32),
         "log_entry.subject_device_key"),
        ("a create without a storage key", changed(create, subject_epoch_storage_key=bytes(32)),
         "log_entry.subject_epoch_storage_key"),
        ("a physical device without an authentication key", changed(create, subject_epoch_storage_auth_key=bytes(32)),
         "log_entry.subject_epoch_storage_auth_key"),
        ("no actor", changed(opened, actor_device_key=bytes(32)), "log_entry.actor"),
        ("a sequence over 2^31 - 1", changed(opened, epoch_sequence=2**31), "log_entry.epoch_sequence"),
        ("a body where there is none", changed(removed, body_hash=b"\1" * 32), "log_entry.body_hash"),
        ("a create at index 1", changed(create, index=1), "log_entry.index"),
        ("a create with something before it", changed(create, previous_head=b"\1" * 32), "log_entry.previous_head"),
        ("a create in epoch 1", changed(create, epoch_sequence=1), "log_entry.epoch_sequence"),
        ("a create by another", changed(create, actor_device_key=b"\1" * 32), "log_entry.actor"),
        ("an open at index 0", changed(opened, index=0), "log_entry.index"),
        ("an open of epoch 0", changed(opened, epoch_sequence=0), "log_entry.epoch_sequence"),
    ]
    return [{"name": name, "entry": entry, "refused": refused} for name, entry, refused in rows]


def unwelcome(log, first, second, stranger, code, code2):
    def at(length):
        part = Log(log.random)
        part.entries = log.entries[:length]
        part.head, part.sequence = part.entries[-1]["head"], part.entries[-1]["epoch_sequence"]
        return part

    out = []

    def row(name, after, refused, *args, **changes):
        entry = at(after).make(name, *args, **changes)
        out.append({"name": name, "after": after, "entry": entry["entry"], "signature": entry["signature"],
                    "refused": refused})
        return out[-1]

    row("another server's", 4, "log_entry.server_name", 4, first, second, server_name="other.labyrinth.test")
    row("another account's", 4, "log_entry.account_id", 4, first, second, account_id="account-8")
    row("an index too far", 4, "has moved", 4, first, second, index=5)
    row("an index again", 4, "has moved", 4, first, second, index=3)
    row("another head", 4, "has moved", 4, first, second, previous_head=b"\1" * 32)
    row("a second create", 4, "has moved", 1, stranger, stranger, index=0, previous_head=bytes(32), epoch_sequence=0)
    row("a stranger acts", 4, "was never a member", 4, stranger, second)
    row("a removed device acts", 7, "is no longer a member", 4, second, first)
    row("a removed code sponsors", 6, "is no longer a member", 2, code, stranger)
    row("a virtual device removes", 4, "virtual device", 4, code, second)
    row("a virtual device opens an epoch", 4, "virtual device", 5, code)
    row("a virtual device makes a code", 4, "virtual device", 3, code, code2)
    row("a device is added twice", 4, "was added before", 2, first, second)
    row("a removed device comes back", 7, "was added before", 2, first, second)
    row("a stranger is removed", 4, "was never a member", 4, first, stranger)
    row("a device is removed twice", 5, "was removed before", 4, first, code)
    row("a remove that names other keys", 4, "other keys", 4, first, second,
        subject_epoch_storage_key=first.storage_key)
    row("an epoch is left out", 4, "log_entry.epoch_sequence", 5, first, epoch_sequence=3)
    row("an epoch again", 4, "log_entry.epoch_sequence", 5, first, epoch_sequence=1)
    row("a remove in another epoch", 4, "log_entry.epoch_sequence", 4, first, second, epoch_sequence=2)
    row("anything after the close", 8, "closed the mailbox", 5, first)
    signed_by_another = row("signed by another member", 4, "log_entry.signature", 4, first, second)
    signed_by_another["signature"] = curve.sign(
        second.device_priv, bytes([s.LOG_ENTRY_USE]) + signed_by_another["entry"], log.random("another's Z", 64))
    other_use = row("signed as a sign-in", 4, "log_entry.signature", 4, first, second)
    other_use["signature"] = curve.sign(
        first.device_priv, bytes([s.SESSION_USE]) + other_use["entry"], log.random("other use's Z", 64))
    damaged = row("a signature with one bit changed", 4, "log_entry.signature", 4, first, second)
    damaged["signature"] = damaged["signature"][:40] + bytes([damaged["signature"][40] ^ 1]) + damaged["signature"][41:]
    return out


def bad_commitments(good, roots, first, second, code):
    base = good[1]
    members = [(m.device_key, m.storage_key) for m in (first, code, second)]

    def made(**changes):
        v = {"log_index": base["log_index"], "head": base["head"], "members": members, "root": roots[1], "sequence": 1}
        v |= changes
        return s.commitment(v["log_index"], v["head"], v["members"], v["root"], v["sequence"])

    plain = base["commitment"]
    rows = [
        ("a byte too few", plain[:-1], {}, "another form"),
        ("a byte too many", plain + b"\0", {}, "another form"),
        ("version 2", b"\2" + plain[1:], {}, "another form"),
        ("another index, not made anew", plain[:8] + b"\5" + plain[9:], {}, "was not made by a member"),
        ("a MAC with one bit changed", plain[:-1] + bytes([plain[-1] ^ 1]), {}, "was not made by a member"),
        ("under another epoch's key", made(root=roots[2]), {}, "was not made by a member"),
        ("under the label of another epoch", made(sequence=2), {}, "was not made by a member"),
        ("another head", made(head=b"\1" * 32), {}, "is a fork"),
        ("another place", made(log_index=2), {}, "another place"),
        ("members without one", made(members=members[:2]), {}, "members are not"),
        ("a member with another storage key", made(members=members[:2] + [(members[2][0], members[0][1])]), {},
         "members are not"),
        ("a log that is shorter", plain, {"log_length": 3}, "another place"),
        ("a log that is longer", plain, {"log_length": 5}, "another place"),
    ]
    return [
        {"name": name, "log_length": 4, "epoch_root_key": roots[1], "epoch_sequence": 1, "commitment": value,
         "refused": refused} | changes
        for name, value, changes, refused in rows
    ]
