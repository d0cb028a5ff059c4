"""CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21 (section 4 of docs/PROTOCOL.md): the draft's own vectors, and ours
where its one run leaves something out. Nothing of the draft's is written without being computed here as well."""

import hashlib

import curve

DSI = b"CPaceRistretto255"
SHA512_BLOCK_BYTES = 128


def prepend_len(data):
    """LEB128 of the length, then the data."""
    length, out = len(data), b""
    while length >= 0x80:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + data


def lv_cat(*parts):
    return b"".join(map(prepend_len, parts))


def sha512(data):
    return hashlib.sha512(data).digest()


def generator_string(prs, ci, sid):
    zeros = max(0, SHA512_BLOCK_BYTES - 1 - len(prepend_len(prs)) - len(prepend_len(DSI)))
    return lv_cat(DSI, prs, bytes(zeros), ci, sid)


def scalar_mult(scalar, point):
    return curve.encode(curve.multiply(int.from_bytes(scalar, "little"), point))


def scalar_mult_vfy(scalar, encoded):
    """None where the draft returns G.I."""
    point = curve.decode(encoded)
    if point is None or curve.encode(point) == bytes(32):
        return None
    return scalar_mult(scalar, point)


def transcript_ir(ya, ada, yb, adb):
    return lv_cat(ya, ada) + lv_cat(yb, adb)


def run(prs, ci, sid, ya, ada, yb, adb):
    """Both sides of a run, under the names of the known answers."""
    string = generator_string(prs, ci, sid)
    generator = curve.from_hash(sha512(string))
    initiator_share, responder_share = scalar_mult(ya, generator), scalar_mult(yb, generator)
    k = scalar_mult_vfy(ya, responder_share)
    assert k == scalar_mult_vfy(yb, initiator_share)
    transcript = transcript_ir(initiator_share, ada, responder_share, adb)
    return {
        "generator_string": string,
        "generator_hash": sha512(string),
        "generator": curve.encode(generator),
        "initiator_share": initiator_share,
        "responder_share": responder_share,
        "k": k,
        "transcript_ir": transcript,
        "isk_ir": sha512(lv_cat(DSI + b"_ISK", sid, k) + transcript),
        "sid_output_ir": sha512(b"CPaceSidOutput" + transcript),
    }


# Appendix B.3.1 to B.3.7.
DRAFT_INPUTS = {
    "prs": b"Password",
    "ci": bytes.fromhex("0b415f696e69746961746f720b425f726573706f6e646572"),
    "sid": bytes.fromhex("7e4b4791d6a8ef019b936c79fb7f2c57"),
    "ya": bytes.fromhex("da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08"),
    "ada": b"ADa",
    "yb": bytes.fromhex("d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d"),
    "adb": b"ADb",
}
DRAFT_OUTPUTS = {
    "generator_string": "11435061636552697374726574746f3235350850617373776f726464" + "00" * 100
                        + "180b415f696e69746961746f720b425f726573706f6e646572107e4b4791d6a8ef019b936c79fb7f2c57",
    "generator_hash": "da6d3ddc8802fca9058755ffd3ebde08a9c2c74945901a258482a288b6663af0"
                      "6bf645c93cd1c51512307199c80e84908916d983b34af77205f90851a657ee27",
    "generator": "222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56",
    "initiator_share": "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157",
    "responder_share": "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258",
    "k": "80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f",
    "transcript_ir": "20d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b915703414461"
                     "203ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f725803414462",
    "isk_ir": "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
              "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447",
    "sid_output_ir": "bb1c449b35f0ea79a65c209f329a693d475e0ce2387bed9fe4b78f60b2a27c21"
                     "9813fb2cfe175ef40d2222d9261e66da7d78f7c55a303b1b8611dcdfab880c47",
}
# Appendix B.3.10 and B.3.11.
DRAFT_SCALAR = bytes.fromhex("7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05")
DRAFT_POINT = bytes.fromhex("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c")
DRAFT_PRODUCT = bytes.fromhex("7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e")
DRAFT_INVALID = bytes.fromhex("2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c")
# Appendix A.1.2, A.1.4 and A.3.5.
DRAFT_LV_CAT = [
    ([b""], "00"),
    ([b"1234"], "0431323334"),
    ([bytes(range(127))], "7f" + bytes(range(127)).hex()),
    ([bytes(range(128))], "8001" + bytes(range(128)).hex()),
    ([b"1234", b"5", b"", b"678"], "043132333401350003363738"),
]
DRAFT_TRANSCRIPTS = [
    ((b"123", b"PartyA", b"234", b"PartyB"), "03313233065061727479410332333406506172747942"),
    ((b"3456", b"PartyA", b"2345", b"PartyB"), "043334353606506172747941043233343506506172747942"),
]


def build(random):
    draft = run(**DRAFT_INPUTS)
    assert {key: value.hex() for key, value in draft.items()} == DRAFT_OUTPUTS
    assert scalar_mult_vfy(DRAFT_SCALAR, DRAFT_POINT) == DRAFT_PRODUCT
    assert scalar_mult_vfy(DRAFT_SCALAR, DRAFT_INVALID) is None
    assert scalar_mult_vfy(DRAFT_SCALAR, bytes(32)) is None
    for parts, expected in DRAFT_LV_CAT:
        assert lv_cat(*parts).hex() == expected
    for parts, expected in DRAFT_TRANSCRIPTS:
        assert transcript_ir(*parts).hex() == expected

    def scalar(label):
        return (int.from_bytes(random(label, 64), "little") % curve.L).to_bytes(32, "little")

    def ours(name, prs, ci, ada, adb):
        inputs = {
            "prs": prs, "ci": ci, "sid": random(f"cpace sid {name}", 32), "ya": scalar(f"cpace ya {name}"), "ada": ada,
            "yb": scalar(f"cpace yb {name}"), "adb": adb,
        }
        return {"name": name} | inputs | run(**inputs)

    mapped = int.from_bytes(DRAFT_POINT, "little")
    refused = {
        "draft-21 Y_i1, no encoding of an element": DRAFT_INVALID,
        "draft-21 Y_i2, the identity": bytes(32),
        "bit 255 set": DRAFT_POINT[:31] + bytes([DRAFT_POINT[31] | 0x80]),
        "a negative s": (curve.P - mapped).to_bytes(32, "little"),
        "p, which is the identity's other encoding": curve.P.to_bytes(32, "little"),
        "31 bytes": DRAFT_POINT[:31],
        "33 bytes": DRAFT_POINT + b"\0",
        "none": b"",
    }
    return {"cpace": {
        "note": "`vectors` 0, `lv_cat`, `transcripts`, `scalar_mult_vfy` and the first two of `must_fail` are "
                "published in draft-irtf-cfrg-cpace-21, appendices A.1, A.3 and B.3; the rest is ours. Scalars are "
                "little-endian.",
        "vectors": [
            {"name": "draft-21 B.3"} | DRAFT_INPUTS | draft,
            ours("a password longer than the hash's block, two-byte lengths", random("cpace long prs", 150),
                 random("cpace long ci", 300), random("cpace long ada", 224), random("cpace long adb", 128)),
            ours("a password that leaves no room for padding, nothing associated", random("cpace full prs", 108), b"",
                 b"", b""),
        ],
        "lv_cat": [{"parts": parts, "encoded": lv_cat(*parts)} for parts, _ in DRAFT_LV_CAT],
        "transcripts": [dict(zip(("ya", "ada", "yb", "adb"), parts)) | {"transcript_ir": transcript_ir(*parts)}
                        for parts, _ in DRAFT_TRANSCRIPTS],
        "scalar_mult_vfy": [{"name": "draft-21 B.3.10", "s": DRAFT_SCALAR, "x": DRAFT_POINT, "product": DRAFT_PRODUCT}],
        "must_fail": [{"name": name, "s": DRAFT_SCALAR, "x": x} for name, x in refused.items()],
    }}
