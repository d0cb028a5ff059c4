"""The known answers of section 6 that labyrinth-v1.json lacks: envelopes, import ids, refused versions."""

import statements as s
from primitives import encrypt, kdf


def build(random):
    root, sequence = random("message root key", 32), 12
    thread = b"thread \x00\xff of any bytes"
    writer = random("writer", 32)
    key = s.message_key(root, sequence, thread)

    def sealed(name, data, key=key):
        return encrypt(key, b"message_thread_" + thread, data, random(name + "|nonce", 28))

    def envelope(name, message_id, timestamp_ms, expire_ms, change_number, content):
        proto = s.envelope_proto(message_id, timestamp_ms, expire_ms, writer, change_number, content)
        data = s.envelope_marker(key) + b"\1" + proto
        return {
            "name": name,
            "epoch_root_key": root,
            "epoch_sequence_id": str(sequence),
            "thread_id": thread,
            "message_id": message_id,
            "timestamp_ms": timestamp_ms,
            "expire_ms": expire_ms,
            "writer_device_key": writer,
            "change_number": change_number,
            "content": content,
            "message_key": key,
            "marker": s.envelope_marker(key),
            "proto": proto,
            "nonce28": random(name + "|nonce", 28),
            "ciphertext": sealed(name, data),
        }

    vectors = [
        envelope("all fields", b"message-1", 1_767_225_600_123, 1_767_312_000_123, 300, b"content of any bytes \0\xfe"),
        envelope("no expiry, no content", b"\0", 0, 0, 1, b""),
        envelope("long", random("long id", 64), 253_402_300_799_999, 0, 2**63, random("long content", 5000)),
    ]
    row = {key_: vectors[0][key_] for key_ in ("epoch_root_key", "epoch_sequence_id", "thread_id", "message_id",
                                              "timestamp_ms", "expire_ms", "ciphertext")} | {"cipher_version": 3}
    marker = vectors[0]["marker"]
    good = (b"message-1", 1_767_225_600_123, 1_767_312_000_123, writer, 300, b"content")

    def proto(**changes):
        names = ("message_id", "timestamp_ms", "expire_ms", "writer", "change_number", "content")
        return s.envelope_proto(*(dict(zip(names, good)) | changes).values())

    bytes_of = vectors[0]["ciphertext"]
    refusals = [
        ("row with another id", {"message_id": b"message-2"}, "differs from its envelope: message_id"),
        ("row with another time", {"timestamp_ms": 1_767_225_600_124}, "differs from its envelope: timestamp_ms"),
        ("row with another expiry", {"expire_ms": 0}, "differs from its envelope: expire_ms"),
        ("row of another thread", {"thread_id": b"thread-2"}, "doesn't decrypt"),
        ("row of another epoch", {"epoch_sequence_id": "13"}, "doesn't decrypt"),
        ("under another version", {"cipher_version": 4}, "doesn't decrypt"),
        ("under version 1", {"cipher_version": 1}, "cipher version 1 is not supported"),
        ("a bit changed", {"ciphertext": bytes_of[:60] + bytes([bytes_of[60] ^ 1]) + bytes_of[61:]},
         "doesn't decrypt"),
        ("cut short", {"ciphertext": bytes_of[:-1]}, "doesn't decrypt"),
        ("no bytes", {"ciphertext": b""}, "doesn't decrypt"),
        ("a marker alone", {"ciphertext": sealed("alone", marker)}, "a message's envelope"),
        ("a later version of the envelope", {"ciphertext": sealed("later", marker + b"\2" + proto())},
         "envelope version 2 is not supported"),
        ("no protobuf", {"ciphertext": sealed("none", marker + b"\1\xff")}, "a message's envelope"),
        ("no id", {"ciphertext": sealed("no id", marker + b"\1" + proto(message_id=b""))}, "a field is missing"),
        ("no writer", {"ciphertext": sealed("no writer", marker + b"\1" + proto(writer=b""))}, "writer_device_key"),
        ("a writer of 31 bytes", {"ciphertext": sealed("31", marker + b"\1" + proto(writer=writer[:31]))},
         "writer_device_key"),
        ("a writer of zeros", {"ciphertext": sealed("zeros", marker + b"\1" + proto(writer=bytes(32)))},
         "a field is missing"),
        ("no change number", {"ciphertext": sealed("no n", marker + b"\1" + proto(change_number=0))},
         "a field is missing"),
    ]
    field_names = ("epoch_root_key", "epoch_sequence_id", "thread_id", "message_id", "writer_device_key",
                   "change_number")
    writable = {name: vectors[0][name] for name in field_names}
    foreign = [
        ("plain text", b"what a client without envelopes saved"),
        ("nothing", b""),
        ("an envelope behind another thread's marker",
         s.envelope_marker(s.message_key(root, sequence, b"thread-2")) + b"\1" + proto()),
        ("most of a marker", marker[:15]),
    ]

    first_root = random("first root key", 32)
    import_key = kdf(first_root, None, b"labyrinth_import_id")

    def imported(name, path, timestamp_ms, sender, content):
        return {
            "name": name, "first_epoch_root_key": first_root, "key": import_key, "thread_path": path,
            "timestamp_ms": timestamp_ms, "sender": sender, "content": content,
            "thread_id": s.import_thread_id(import_key, path),
            "message_id": s.import_message_id(import_key, path, timestamp_ms, sender, content),
        }

    return {
        "envelopes": {
            "note": "Cipher version 3. `foreign` are plaintexts without an envelope: readable, unverified. "
                    "`must_fail_encode` lists what isn't written.",
            "vectors": vectors,
            "foreign": [
                {"name": name, "epoch_root_key": root, "epoch_sequence_id": str(sequence), "thread_id": thread,
                 "ciphertext": sealed(name, data), "foreign_data": data} for name, data in foreign
            ],
            "must_fail_decode": [row | {"name": name, "refused": refused} | change
                                 for name, change, refused in refusals],
            "must_fail_encode": [
                writable | {"name": "no id", "message_id": b"", "refused": "no message id"},
                writable | {"name": "no writer", "writer_device_key": bytes(32), "refused": "no writer"},
                writable | {"name": "no change number", "change_number": 0, "refused": "no change number"},
                writable | {"name": "no thread", "thread_id": b"", "refused": "thread id is empty"},
            ],
        },
        "import_ids": {
            "vectors": [
                imported("a message", b"inbox/someone_123", 1_767_225_600_123, b"Someone", b"hello"),
                imported("a byte moved from sender to content", b"inbox/someone_123", 1_767_225_600_123, b"Someon",
                         b"ehello"),
                imported("nothing", b"", 0, b"", b""),
                imported("before 1970", b"inbox/someone_123", -1, b"Someone", b"hello"),
            ],
            "must_fail": [{"name": "epoch 1 keys none", "epoch_sequence_id": "1", "refused": "first epoch"}],
        },
        "message_versions": {
            "note": "Refused by name, both where a key is derived and where a row is opened.",
            "must_fail": [{"version": version, "refused": f"cipher version {version} is not supported"}
                          for version in (1, 5, 6, 255, 256, 2**32 - 1)],
        },
    }
