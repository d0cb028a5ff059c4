"""Sections 4, 6, 7, 8 and 9 of docs/PROTOCOL.md as byte layouts: log entries, statements, envelopes, ids."""

import curve
from primitives import b64, client_map, i64, kdf, lv, mac, server_map, sha256, u8, u32, u64

LOG_ENTRY_USE, SESSION_USE = 0xA1, 0xA0
PHYSICAL, VIRTUAL, NO_SUBJECT = 1, 2, 0


def log_entry(e):
    """`e` holds the fields of a log entry under the names of the known answers, keys as bytes."""
    return (
        u8(1) + u8(e["kind"]) + u64(e["index"]) + e["previous_head"]
        + lv(e["server_name"].encode()) + lv(e["account_id"].encode()) + i64(e["time_ms"])
        + u8(e["subject_kind"]) + e["subject_device_key"] + e["subject_epoch_storage_key"]
        + e["subject_epoch_storage_auth_key"] + u32(e["epoch_sequence"]) + e["body_hash"] + e["actor_device_key"]
    )


def log_head(entry, signature):
    return sha256(b"labyrinth_log_v1" + entry + signature)


def open_epoch_body(enc_prev_sequence, enc_prev_root, members):
    """`members`: (deviceKeyPub, epochDeviceMac, encrypted entropy) in any order."""
    body = lv(enc_prev_sequence) + lv(enc_prev_root)
    for device_key, tag, entropy in sorted(members):
        body += device_key + tag + lv(entropy)
    return sha256(body)


def members_hash(members):
    """`members`: (deviceKeyPub, epochStorageKeyPub) of the active ones, in any order."""
    return sha256(b"".join(device + storage for device, storage in sorted(members)))


def commitment(log_index, head, members, epoch_root_key, epoch_sequence):
    stated = u8(1) + u64(log_index) + head + members_hash(members)
    return stated + mac(stated, kdf(epoch_root_key, None, b"labyrinth_log_" + b64(epoch_sequence)))


def session_statement(s):
    return (
        b"labyrinth/session/v1" + u8(0) + lv(s["server_name"].encode()) + lv(s["account_id"].encode())
        + s["labyrinth_id"] + u64(s["device_id"]) + u8(s["kind"]) + s["device_key"]
        + sha256(s["account_token"].encode()) + lv(s["challenge"]) + s["client_random"] + u8(0) + bytes(32)
    )


def challenge(key, random16, expire_ms, account_id, device_id, server_name):
    key_id = mac(b"key id", key)[:4]
    body = u8(1) + key_id + random16 + u64(expire_ms)
    return body + mac(body + lv(account_id.encode()) + u64(device_id) + lv(server_name.encode()), key)


def virtual_device_check(vdevice_id):
    return sha256(b"labyrinth_vdevice_check" + vdevice_id)[:8]


# --- Messages ---


def message_key(epoch_root_key, sequence, thread_id):
    """Cipher version 3."""
    return kdf(epoch_root_key, None, b"message_key_in_epoch_%d_cipher_version_3_thread_" % sequence + thread_id)


def _varint(value):
    out = b""
    while value >= 0x80:
        out += u8(value & 0x7F | 0x80)
        value >>= 7
    return out + u8(value)


def envelope_proto(message_id, timestamp_ms, expire_ms, writer, change_number, content):
    """proto3: fields in order, defaults left out."""
    out = b""
    for number, value in enumerate((message_id, timestamp_ms, expire_ms, writer, change_number, content), 1):
        if isinstance(value, bytes):
            if value:
                out += _varint(number << 3 | 2) + _varint(len(value)) + value
        elif value != 0:
            out += _varint(number << 3) + _varint(value % 2**64)
    return out


def envelope_marker(key):
    return kdf(key, None, b"labyrinth_envelope_v1")[:16]


def import_thread_id(key, path):
    return mac(lv(path), key)[:16]


def import_message_id(key, path, timestamp_ms, sender, content):
    return mac(lv(path) + i64(timestamp_ms) + lv(sender) + lv(content), key)[:16]


# --- Attachments ---


def attachment_reference(client_state, server_state, a, thread_id, message_id):
    k, s = (int.from_bytes(state, "little") for state in (client_state, server_state))
    p_ref = client_map(k, b"labyrinth_att_ref", a)
    p_own = client_map(k, b"labyrinth_att_own", a)
    mk = server_map(s, b"labyrinth_att_mac", p_own)
    return {
        "p_ref": p_ref,
        "p_own": p_own,
        "idx": server_map(s, b"labyrinth_att_index", p_ref),
        "mk": mk,
        "tag": mac(lv(thread_id) + lv(message_id), mk),
    }


# --- Devices ---


class Device:
    """Key pairs and signatures from seeds: random(label, size) gives the bytes."""

    def __init__(self, random, name, kind=PHYSICAL):
        self.kind = kind
        self.device_priv = random(name + "|deviceKey", 32)
        self.device_key = curve.public_key(self.device_priv)
        self.storage_key = curve.public_key(random(name + "|epochStorageKey", 32))
        self.sig_30 = curve.sign(self.device_priv, b"\x30" + self.storage_key, random(name + "|Z30", 64))
        self.auth_key, self.sig_31 = bytes(32), b""
        if kind == PHYSICAL:
            self.auth_key = curve.public_key(random(name + "|epochStorageAuthKey", 32))
            self.sig_31 = curve.sign(self.device_priv, b"\x31" + self.auth_key, random(name + "|Z31", 64))
