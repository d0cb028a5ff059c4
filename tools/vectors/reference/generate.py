"""Makes tests/vectors/labyrinth-extra.json: the answers that labyrinth-v1.json doesn't hold.

usage: generate.py OUT      writes the file
       generate.py --check FILE   says whether FILE is what this would write

Every input comes from SHAKE256("labyrinth-extra|" + label), so a run is repeatable.
"""

import hashlib
import json
import sys

import attachments
import cpace
import group
import membership
import messages
import one_time
import recovery_cases
import sign_in


def random(label, size):
    return hashlib.shake_256(b"labyrinth-extra|" + label.encode()).digest(size)


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: hexed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [hexed(child) for child in value]
    return value


def build():
    log = membership.build(random)
    file = {
        "meta": {
            "format": 1,
            "encoding": "as labyrinth-v1.json: bytes in lower-case hex, names and texts as strings",
            "generator": "tools/vectors/reference/generate.py",
            "determinism": "inputs = SHAKE256('labyrinth-extra|' + label)",
        },
        "membership_log": log["membership_log"],
        "epoch_commitments": log["epoch_commitments"],
    }
    for module in (sign_in, messages, attachments, recovery_cases, group, cpace, one_time):
        file |= module.build(random)
    return json.dumps(hexed(file), indent=1) + "\n"


def main():
    if len(sys.argv) == 2:
        with open(sys.argv[1], "w", encoding="ascii") as out:
            out.write(build())
    elif len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="ascii") as file:
            if file.read() != build():
                sys.exit(f"{sys.argv[2]} differs from what the reference makes")
        print(f"{sys.argv[2]} is what the reference makes")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
