"""The known answers of section 4 that depend on our matrix: check symbols, corrections, checks of virtual devices."""

import hashlib

import recovery
import statements as s
from primitives import kdf


def build(random):
    def entropy_bytes(label):
        return random(label, recovery.ENTROPY)

    def symbols(data):
        return "".join(recovery.ALPHABET[byte & 31] for byte in data)

    def code(entropy):
        return "20" + entropy + recovery.check_symbols(entropy)

    made = []
    for i in range(3):
        data = entropy_bytes(f"code {i}") if i < 2 else bytes(recovery.ENTROPY)
        text = code(symbols(data))
        made.append({"name": f"code {i}", "random": data, "code": text,
                     "formatted": "-".join(text[at:at + 5] for at in range(0, 40, 5))})

    def mistyped(name, text, wrong):
        typed = list(text)
        for at, value in wrong.items():
            typed[at] = value
            assert value != text[at]
        typed = "".join(typed)
        found = recovery.corrections(typed[2:])
        codes = ["20" + recovery.corrected(typed[2:], errors) for errors in found]
        assert text in codes
        return {
            "name": name,
            "typed": typed,
            "meant": text,
            "corrections": len(wrong),
            "candidates": [sum(len(errors) == weight for errors in found) for weight in (1, 2, 3)],
            "candidates_sha256": hashlib.sha256("".join(codes).encode()).digest(),
        }

    def other(text, at, step=1):
        return recovery.ALPHABET[(recovery.ALPHABET.index(text[at]) + step) % 32]

    one = made[0]["code"]
    two = made[1]["code"]
    checks = [("a code's", kdf(one[2:36].encode(), None, b"BackupRecoveryCode_v2_0_account-1", 48)[:16]),
              ("16 zeros", bytes(16)), ("version 1's 8 bytes", random("version 1 id", 8))]
    return {
        "recovery_check_symbols": {
            "note": "Our matrix (section 13). `random`: each byte's low five bits are a symbol.",
            "vectors": made,
            "must_not_hold": [{"name": "a check symbol is wrong", "code": one[:39] + other(one, 39)},
                              {"name": "another implementation's", "code": "20KDNXYV7SQL7VE82AJ55VDVFREJNF6V5M9T778Y"},
                              {"name": "version 1", "code": "10JLXQC7EP7WP8UCW2U2DQ1P5SJUA7PZ1CVWXL2E"}],
            "corrections": [
                mistyped("one wrong", one, {17: other(one, 17)}),
                mistyped("two wrong, one of them a check symbol", one, {2: other(one, 2, 5), 38: other(one, 38, 9)}),
                mistyped("three wrong side by side", two, {20: other(two, 20), 21: other(two, 21, 3),
                                                          22: other(two, 22, 30)}),
            ],
        },
        "virtual_device_checks": [
            {"name": name, "vdevice_id": vdevice_id, "check": s.virtual_device_check(vdevice_id)}
            for name, vdevice_id in checks
        ],
    }
