"""Hands random bytes to the decoder of values: `python fuzz.py SECONDS [SEED]`.

What decodes must encode to bytes that decode to the same, and what does not must
be refused as INVALID. Ends with status 1 and the bytes otherwise.
"""

import importlib.util
import pathlib
import random
import sys
import time

# The package around it needs a host.
_PATH = pathlib.Path(__file__).parent / "warren" / "values.py"
_SPEC = importlib.util.spec_from_file_location("values", _PATH)
values = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(values)

VALUES = [
    None,
    [True, -1, 255, 65536, 1 << 40, -(1 << 63), 1.0, 1.5, float("nan")],
    {"text": "text", "bytes": b"\xff\x00", "list": [[], {}], "deep": [[[[[1]]]]]},
    {1: "a", "b": "b", 1.5: None},
    values.WarrenError("message", kind="Invalid", retryable=True, details={"a": [1]}),
    "x" * 300,
]
# Every SDK refuses these: keys of wrong types, malformed errors, trailing bytes.
REFUSED = [
    "81cb7ff800000000000000", "81ca7fc0000000", "819000", "81c000", "c7030191a16b", "c7060192a16ba16dc0",
    "c7060193a16ba16d01", "c7080195a16ba16dc0c001", "c70301920102", "0101", "c1",
]
# Every SDK takes these: errors with few parts, with bytes for text, with JSON's null.
TAKEN = ["c7050192a16ba16d", "c7060192a16bc401ff", "c7080193a16ba16dd40200", "c70a0195a16ba16dc0c0d40200", "c7070193c4016ba16dc3"]
# Inputs that found a fault once.
KEPT = [bytes.fromhex(text) for text in ("81c401ff01", "d6ff00000001", "81813cfe06")]
MARKERS = [0xC1, 0xC7, 0xC9, 0xD4, 0xDC, 0xDD, 0xDE, 0xDF, 0xDB, 0xC6]


def mutated(chance, encoded):
    data = bytearray(encoded)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        match chance.randrange(5):
            case 0:
                data.insert(at, chance.randrange(256))
            case 1:
                del data[at : at + chance.randint(1, 4)]
            case 2:
                start = chance.randint(0, len(data))
                data[at:at] = data[start : start + 64]
            case 3:
                data[at : at + 1] = bytes([chance.choice(MARKERS)])
            case _:
                data[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(data)


def plain(value):
    """Returns the value as text, by which two are compared: NaN does not equal itself."""
    if isinstance(value, values.WarrenError):
        return repr(("error", value.kind, value.message, value.retryable, plain(value.details), value.stack))
    if isinstance(value, dict):
        return repr([(repr(key), plain(item)) for key, item in value.items()])
    if isinstance(value, list):
        items = [(repr(pair[0]), plain(pair[1])) if isinstance(value, values.Pairs) else plain(pair) for pair in value]
        return repr((type(value).__name__, items))
    return repr(value)


def check(data):
    """Returns 1 if the data decode, 0 if they are refused."""
    try:
        value = values.decode(data)
    except values.WarrenError as error:
        assert error.kind == "Invalid", error.kind
        return 0
    again = values.decode(values.encode(value, "value"))
    assert plain(again) == plain(value), "it decodes to something else"
    return 1


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    chance = random.Random(seed)
    encoded = [values.encode(value, "value") for value in VALUES]
    for texts, taken in ((REFUSED, 0), (TAKEN, 1)):
        for text in texts:
            assert check(bytes.fromhex(text)) == taken, text
    until = time.monotonic() + seconds
    executions = 0
    decoded = 0
    while time.monotonic() < until:
        kept = KEPT[executions : executions + 1]
        data = kept[0] if kept else mutated(chance, chance.choice(encoded))
        executions += 1
        try:
            decoded += check(data)
        except Exception as error:
            print(f"error: seed {seed}: {data.hex()}: {type(error).__name__}: {error}", file=sys.stderr)
            raise
    # The format of libFuzzer, for `cargo xtask fuzz`.
    print(f"stat::number_of_executed_units: {executions}\nreached::values decoded: {decoded}")


main()
