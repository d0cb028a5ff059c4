"""What sections 1's group and signatures refuse beyond labyrinth-v1.json's lists."""

import curve
from curve import L, P
from primitives import client_map, mac, server_map, hash_to_curve


def little(value):
    return value.to_bytes(32, "little")


def low_order_keys():
    """The u of the points of order 8 (both), beside u = 0, 1 and p - 1, which labyrinth-v1.json has."""
    found, y = set(), 2
    while len(found) < 2:
        x = curve._recover_x(y, 0)
        if x is not None:
            point = curve.multiply(L, curve._point(x, y))  # into the torsion subgroup
            four = curve.multiply(4, point)
            if (four[1] + four[2]) % P == 0:  # (0, -1), the point of order 2
                z, y8 = point[2], point[1]
                found.add((z + y8) * pow(z - y8, -1, P) % P)
        y += 1
    return sorted(found)


def build(random):
    def scalar(label):
        return int.from_bytes(random(label, 64), "little") % L

    base = curve.encode(curve.BASE)
    point = client_map(scalar("a point"), b"", b"")
    encodings = {
        "the generator with bit 255 set": base[:31] + bytes([base[31] | 0x80]),
        "another point with bit 255 set": point[:31] + bytes([point[31] | 0x80]),
        "the identity with bit 255 set": bytes(31) + b"\x80",
        "the identity": bytes(32),
        "a negative s": little(P - int.from_bytes(base, "little")),
        "p": little(P),
        "the generator plus p": little(int.from_bytes(base, "little") + P),
        "31 bytes": base[:31],
        "33 bytes": base + b"\0",
        "none": b"",
        # RFC 9496 appendix A.3: non-square x^2, negative xy, s = -1.
        "non-square x^2": bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
        "negative xy": bytes.fromhex("3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"),
        "s = -1": bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    }
    for name, data in encodings.items():
        decoded = curve.decode(data)
        assert decoded is None or curve.encode(decoded) == bytes(32), name

    k, s, token = scalar("orf k"), scalar("orf s"), scalar("orf token")
    client_domain, server_domain, data = b"labyrinth_att_ref", b"labyrinth_att_index", random("orf input", 16)
    scoped = mac(data, client_domain)
    oblivious = client_map(k, client_domain, data)
    new_k, new_s = k * token % L, s * pow(token, -1, L) % L
    vector = {
        "name": "the domains of attachments",
        "client_state": little(k), "server_state": little(s), "client_domain": client_domain,
        "server_domain": server_domain, "input": data, "scoped_input": scoped,
        "hashed_point": curve.encode(hash_to_curve(scoped)), "oblivious_id": oblivious,
        "server_point": curve.encode(curve.multiply(s, curve.decode(oblivious))),
        "mapped_id": server_map(s, server_domain, oblivious),
        "evolve_steps": [{
            "rotation_token": little(token), "rotation_token_inverse_form": little(pow(token, -1, L)),
            "new_client_state": little(new_k), "new_server_state": little(new_s),
            "oblivious_id": client_map(new_k, client_domain, data),
            "mapped_id": server_map(new_s, server_domain, client_map(new_k, client_domain, data)),
        }],
    }
    assert vector["mapped_id"] == vector["evolve_steps"][0]["mapped_id"]
    bad_scalars = {"zero": bytes(32), "the order": little(L), "not reduced": little(L + 5),
                   "bit 255 set": little(k | 1 << 255), "31 bytes": little(k)[:31], "33 bytes": little(k) + b"\0",
                   "none": b""}

    priv = random("xeddsa key", 32)
    public = curve.public_key(priv)
    sign_vectors, message = [], random("xeddsa data", 40)
    for use in (0xA0, 0xA1):
        z = random(f"xeddsa Z {use}", 64)
        signature = curve.sign(priv, bytes([use]) + message, z)
        sign_vectors.append({
            "name": f"use 0x{use:02X}", "priv": priv, "pub": public,
            "edwards_sign_bit_before_adjust": curve.encode_edwards(
                curve.multiply(curve.clamp(priv), curve.BASE))[31] >> 7,
            "use_case_byte": use, "data": message, "signed_message": bytes([use]) + message, "Z": z,
            "signature": signature, "prefixed_signature": b"\xff\x03" + signature, "prefixed_pub": b"\xff\x01" + public,
        })
    good = sign_vectors[0]
    must_not = [
        {"name": "a sign-in as a log entry", "pub": public, "signed_message": b"\xa1" + message,
         "signature": good["signature"]},
        {"name": "s = the order", "pub": public, "signed_message": good["signed_message"],
         "signature": good["signature"][:32] + little(L)},
        {"name": "R beyond p", "pub": public, "signed_message": good["signed_message"],
         "signature": little(P + 1) + good["signature"][32:]},
        {"name": "u with bit 255 set", "pub": public[:31] + bytes([public[31] | 0x80]),
         "signed_message": good["signed_message"], "signature": good["signature"]},
    ]
    for i, u in enumerate(low_order_keys()):
        # R = s * B holds for 1 message in 8 with no private key at all, unless low order is refused.
        y = (u - 1) * pow(u + 1, -1, P) % P
        x = curve._recover_x(y, 0)
        for attempt in range(1000):
            forged, value = random(f"forged {i} {attempt}", 33), scalar(f"forged s {i} {attempt}")
            commitment = curve.encode_edwards(curve.multiply(value, curve.BASE))
            h = curve._hash_to_scalar(commitment, little(y), forged)
            minus_a = curve._point(P - x, y)
            if curve.encode_edwards(curve.multiply(h, minus_a)) == little(1):
                break
        must_not.append({"name": f"forged under a key of order 8, u{i}", "pub": little(u), "signed_message": forged,
                         "signature": commitment + little(value)})
    for v in must_not:
        assert not curve.verify(v["pub"], v["signed_message"], v["signature"]), v["name"]
    return {
        "ristretto255": {"bad_encodings": list(encodings.values()), "identity": bytes(32),
                         "note": "bad_encodings: " + ", ".join(encodings)},
        "orf": {
            "vectors": [vector],
            "must_fail": [{"name": f"point: {name}", "oblivious_id": data_} for name, data_ in encodings.items()]
            + [{"name": f"{field}: {name}", field: data_} for field in ("client_state", "server_state",
                                                                        "rotation_token")
               for name, data_ in bad_scalars.items()],
        },
        "xeddsa": {"sign": sign_vectors, "must_not_verify": must_not},
    }
