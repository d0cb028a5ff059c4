"""The known answers of section 7: what a device and the server make of an attachment's 16 bytes."""

import curve
import statements as s


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
    return {"attachment_references": {
        "note": "idx and mk are the server's maps of the two points; tag = mac(lv(thread) || lv(message), mk).",
        "vectors": vectors,
    }}
