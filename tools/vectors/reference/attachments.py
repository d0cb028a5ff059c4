"""The known answers of section 7: what a device and the server make of an attachment's 16 bytes."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import curve
import statements as s
from primitives import kdf, pad, sha256, u32

SEGMENT_BYTES = 64 * 1024
SHORT_BYTES = 400


def sealed_segments(content_key, file):
    """An attachment's content: its padded plaintext in segments, each with a nonce of its place and of being last."""
    padded = pad(file)
    cuts = range(0, len(padded), SEGMENT_BYTES)
    key = kdf(content_key, None, b"labyrinth_att_content_v1")
    return [AESGCM(key).encrypt(bytes(7) + u32(i) + bytes([i == len(cuts) - 1]), padded[at:at + SEGMENT_BYTES], None)
            for i, at in enumerate(cuts)]


def contents(random):
    """Long files repeat a short piece, and of their ciphertexts the digests stand here, not the bytes."""

    def vector(name, piece, file_bytes):
        content_key = random(f"content key {name}", 32)
        file = (piece * (file_bytes // max(len(piece), 1) + 1))[:file_bytes]
        segments = sealed_segments(content_key, file)
        whole = b"".join(segments)
        out = {
            "name": name, "content_key": content_key, "file_piece": piece, "file_bytes": file_bytes,
            "segment_key": kdf(content_key, None, b"labyrinth_att_content_v1"), "ciphertext_bytes": len(whole),
            "segment_digests": [sha256(segment) for segment in segments], "digest": sha256(whole),
        }
        return out | ({"ciphertext": whole} if len(whole) <= SHORT_BYTES else {})

    vectors = [
        vector("three segments, the last one short", random("content piece", 31), 140_000),
        vector("an empty file", b"", 0),
        vector("one byte", b"\x07", 1),
        vector("a short text", "Schöne Grüße".encode(), 200),
        vector("a file of a segment's length", random("content piece 2", 64), SEGMENT_BYTES),
        vector("the longest of one segment", random("content piece 3", 7), 63_488),
    ]
    assert [len(v["segment_digests"]) for v in vectors] == [3, 1, 1, 1, 2, 1]
    last = {"segments": [0, 1, 2], "cut": 0, "append": b"", "file_bytes": 140_000}
    authentic, longer = "authenticate", "longer than its message says"
    edits = [
        ("two segments exchanged", {"segments": [1, 0, 2]}, authentic),
        ("a segment left out", {"segments": [0, 2]}, "shorter than its message says"),
        ("a segment twice", {"segments": [0, 0, 2]}, authentic),
        ("the last segment left out", {"segments": [0, 1]}, "shorter than its message says"),
        ("a byte less", {"cut": 1}, "shorter than its message says"),
        ("a byte more", {"append": b"\0"}, longer),
        ("another segment at the end", {"segments": [0, 1, 2, 2]}, longer),
        ("a longer file of the same padded length", {"file_bytes": 140_001}, "its length"),
        ("a file of one segment more", {"file_bytes": 200_000}, "its length"),
        ("a file of one segment", {"file_bytes": 60_000}, authentic),
    ]
    return {
        "note": "`file` is `file_piece` again and again, cut to `file_bytes`. `must_fail_decrypt`: vector 0's sealed "
                "segments in another order, cut at the end, or with something after it; the digest is of what comes.",
        "vectors": vectors,
        "must_fail_decrypt": [{"name": name} | last | edit | {"refused": refused} for name, edit, refused in edits]
        + [{"name": "another digest"} | last | {"digest": bytes(32), "refused": "not the one that its message names"}],
    }



def build(random):
    def scalar(label):
        return (int.from_bytes(random(label, 64), "little") % curve.L).to_bytes(32, "little")

    def reference(name, a, thread_id, message_id, client_state=None, server_state=None):
        v = {
            "name": name,
            "client_state": client_state or scalar("attachment k"),
            "server_state": server_state or scalar("attachment s"),
            "a": a,
            "thread_id": thread_id,
            "message_id": message_id,
        }
        return v | s.attachment_reference(v["client_state"], v["server_state"], a, thread_id, message_id)

    a = random("A", 16)
    first = reference("a reference", a, b"thread-1", b"message-1")
    token = int.from_bytes(scalar("attachment token"), "little")
    k, server = (int.from_bytes(first[name], "little") for name in ("client_state", "server_state"))
    evolved_k = (k * token % curve.L).to_bytes(32, "little")
    evolved_s = (server * pow(token, -1, curve.L) % curve.L).to_bytes(32, "little")
    vectors = [
        first,
        reference("another device of the mailbox: other points, the same index and tag", a, b"thread-1", b"message-1",
                  evolved_k, evolved_s),
        reference("a byte moved from thread to message", a, b"thread-", b"1message-1"),
        reference("another attachment", random("another A", 16), b"thread-1", b"message-1"),
    ]
    assert vectors[0]["idx"] == vectors[1]["idx"] and vectors[0]["tag"] == vectors[1]["tag"]
    assert vectors[0]["p_ref"] != vectors[1]["p_ref"]
    return {"attachment_content": contents(random), "attachment_references": {
        "note": "idx and mk are the server's maps of the two points; tag = mac(lv(thread) || lv(message), mk).",
        "vectors": vectors,
    }}
