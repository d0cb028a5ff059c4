"""Holds this reference against tests/vectors/labyrinth-v1.json, which neither it nor the C++ code made: a second
opinion is worth having only from someone who is right where the answer is known.

usage: check_v1.py LABYRINTH_V1_JSON
"""

import json
import sys

import curve
import primitives as p


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        v1 = json.load(file)
    h = bytes.fromhex
    checks = 0

    def check(holds, what):
        nonlocal checks
        if not holds:
            sys.exit(f"the reference differs from the known answers: {what}")
        checks += 1

    for v in v1["hkdf_sha256"]["vectors"]:
        out = p.kdf(h(v["ikm"]), None if v["salt"] is None else h(v["salt"]), h(v["info"]), sum(v["lengths"]))
        check(out == h("".join(v["outputs"])), v["name"])
    for v in v1["hchacha20"]:
        check(p.hchacha20(h(v["key"]), h(v["nonce16"])) == h(v["subkey"]), v["name"])
    for v in v1["aes_gcm_extended"]["vectors"]:
        out = p.encrypt_raw(h(v["key"]), h(v["aad"]), h(v["plaintext"]), h(v["nonce28"]))
        check(out == h(v["output"]), v["name"])
    for v in v1["padding"]["lengths"]:
        check(p.padme(v["length"]) == v["padded"], f"padding of {v['length']}")
    for v in v1["xeddsa"]["sign"]:
        message = h(v["signed_message"])
        check(curve.public_key(h(v["priv"])) == h(v["pub"]), v["name"])
        check(curve.sign(h(v["priv"]), message, h(v["Z"])) == h(v["signature"]), v["name"])
        check(curve.verify(h(v["pub"]), message, h(v["signature"])), v["name"])
    for v in v1["xeddsa"]["must_not_verify"]:
        check(not curve.verify(h(v["pub"]), h(v["signed_message"]), h(v["signature"])), v["name"])
    for v in v1["ristretto255"]["hash_to_curve"]:
        check(curve.encode(p.hash_to_curve(h(v["input"]))) == h(v["point"]), v["name"])
    for i, point in enumerate(v1["ristretto255"]["base_multiples_1_to_8"]):
        check(curve.encode(curve.multiply(i + 1, curve.BASE)) == h(point), f"base multiple {i + 1}")
        check(curve.encode(curve.decode(h(point))) == h(point), f"base multiple {i + 1}, decoded")
    for point in v1["ristretto255"]["bad_encodings"]:
        check(curve.decode(h(point)) is None, point)
    for v in v1["orf"]["vectors"]:
        k, s = (int.from_bytes(h(v[name]), "little") for name in ("client_state", "server_state"))
        oblivious = p.client_map(k, h(v["client_domain"]), h(v["input"]))
        check(oblivious == h(v["oblivious_id"]), v["name"])
        check(p.server_map(s, h(v["server_domain"]), oblivious) == h(v["mapped_id"]), v["name"])
    for v in v1["messages"]["vectors"]:
        salt = None if v["salt"] is None else h(v["salt"])
        key = p.kdf(h(v["epoch_root_key"]), salt, v["info"].encode())
        check(key == h(v["message_key"]), "message key")
        out = p.encrypt(key, v["aad"].encode(), h(v["plaintext"]), h(v["nonce28"]))
        check(out == h(v["encrypted_message_data"]), "message")
    print(f"{checks} answers of {sys.argv[1]} agree")


if __name__ == "__main__":
    main()
