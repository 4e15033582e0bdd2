"""Ways to spoil a file. Each takes its bytes and a generator of random numbers and gives other bytes."""

import io
import json
import random
import struct
import zipfile

import numpy as np

NUMBERS = (
    "0", "-1", "1", "2", "255", "256", "65535", "2147483647", "2147483648", "-2147483649", "9223372036854775808",
    "1e309", "-1e309", "1e-320", "nan", "inf", "0.5", "-0.0", "1" * 40, "", "x", "٣", "0x10", "1_0", "１",
)  # fmt: skip
TEXTS = (
    "",
    " ",
    "\x00",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "/etc/passwd",
    "a" * 5000,
    "é",
    "\ud7ff",
    "𝔘",
    "\\",
    "%s%n",
    "\n",
)
VALUES = (None, True, False, 0, -1, 1, 10**30, 1.5, float("nan"), float("inf"), "", "x", [], {}, [[]], {"a": 1}, *TEXTS)
"""What JSON may hold in place of something else."""


def raw(content: bytes, draw: random.Random) -> bytes:
    """Bytes turned, cut, put in twice, taken out, or overwritten by extreme numbers."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        at = draw.randrange(len(data)) if data else 0
        length = min(draw.choice((1, 2, 4, 8, 64, 1000)), len(data) - at)
        match draw.randrange(6):
            case 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del data[at:]
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * draw.choice((1, 2, 50))
            case 4:
                data[at : at + length] = bytes(draw.randrange(256) for _ in range(length))
            case 5:
                kind = draw.choice(("<B", "<H", "<I", "<Q", ">I"))
                data[at : at + struct.calcsize(kind)] = struct.pack(
                    kind, draw.choice((0, 1, 2 ** (8 * struct.calcsize(kind)) - 1))
                )
    return bytes(data)


def text(content: bytes, draw: random.Random) -> bytes:
    """Words and lines of a text exchanged, repeated, left out, or replaced by odd ones."""
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    for _ in range(draw.choice((1, 1, 2, 3))):
        if not lines:
            break
        at = draw.randrange(len(lines))
        match draw.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, draw.choice(lines))
            case 2:
                lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
            case 3:
                lines[at] = _with_odd_number(lines[at], draw)
            case 4:
                place = draw.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + draw.choice(TEXTS) + lines[at][place:]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _with_odd_number(line: str, draw: random.Random) -> str:
    places = [i for i, letter in enumerate(line) if letter.isdigit()]
    if not places:
        return line + draw.choice(NUMBERS)
    start = end = draw.choice(places)
    while end < len(line) and line[end].isdigit():
        end += 1
    return line[:start] + draw.choice(NUMBERS) + line[end:]


def parsed(content: bytes, draw: random.Random) -> bytes:
    """Values, keys and items of a JSON text exchanged, left out or replaced."""
    value = json.loads(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        value = _changed(value, draw, 0)
    return json.dumps(value).encode()


def _changed(value, draw, depth):  # type: ignore[no-untyped-def]
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(sorted(value))
        match draw.randrange(8):
            case 0:
                return {name: each for name, each in value.items() if name != key}
            case 1:
                return value | {draw.choice(TEXTS): draw.choice(VALUES)}
            case 2:
                return value | {key: draw.choice(VALUES)}
            case _:
                return value | {key: _changed(value[key], draw, depth + 1)}
    if isinstance(value, list) and value and draw.random() < 0.9:
        at = draw.randrange(len(value))
        match draw.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value[:at] + [value[at]] * 3 + value[at:]
            case _:
                return [*value[:at], _changed(value[at], draw, depth + 1), *value[at + 1 :]]
    return draw.choice(VALUES)


def rows(content: bytes, draw: random.Random) -> bytes:
    """One line of a text of JSON lines spoilt as JSON."""
    lines = content.splitlines()
    at = draw.randrange(len(lines))
    lines[at] = parsed(lines[at], draw)
    return b"\n".join(lines) + b"\n"


def arrays(content: bytes, draw: random.Random) -> bytes:
    """An array of an ``.npz`` of another type or shape, with odd numbers, renamed, or with a header that lies."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        known = dict(file)
    name = draw.choice(sorted(known))
    array = known[name]
    match draw.randrange(8):
        case 0:
            del known[name]
        case 1 if array.dtype.kind in "biuf":
            known[name] = array.astype(draw.choice(("<f4", "<f8", "<i8", "|u1", "<c8", "?", "<U3", "<f2")), copy=True)
        case 2:
            known[name] = array.reshape(draw.choice(((-1,), (1, *array.shape), (*array.shape, 1))))
        case 3:
            known[name] = array[: draw.randrange(len(array) + 1)] if array.ndim else array.reshape(1)
        case 4:
            known[name] = np.concatenate([array, array]) if array.ndim else np.zeros(0)
        case 5 if array.size and array.dtype.kind in "iuf":
            odd = array.copy().reshape(-1)
            odd[draw.randrange(odd.size)] = _extreme(odd.dtype, draw)
            known[name] = odd.reshape(array.shape)
        case 6:
            return _lying(known, name, draw)
        case _:
            known[draw.choice(("x", "../x", "y_train"))] = known.pop(name)
    return _packed(known)


def _extreme(dtype: np.dtype, draw: random.Random):  # type: ignore[no-untyped-def]
    if dtype.kind == "f":
        return draw.choice((np.nan, np.inf, -np.inf, 1e-40, 3e38, -1.0))
    info = np.iinfo(dtype)
    return draw.choice((info.min, info.max, 0, 1))


def _packed(known: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **known)
    return buffer.getvalue()


def _lying(known: dict[str, np.ndarray], name: str, draw: random.Random) -> bytes:
    """An archive that is whole, with a member whose header promises what is not there, up to petabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, array in known.items():
            member = io.BytesIO()
            np.save(member, array)
            content = member.getvalue()
            if each == name:
                shape = draw.choice(
                    ("(4611686018427387904,)", "(-1,)", "(1, 0)", "(2,)", "()", "(1000000000000,)", "(9,9,9,9,9)")
                )
                header = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
                header += " " * (117 - len(header) % 64 if len(header) % 64 < 53 else 181 - len(header) % 64) + "\n"
                content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + array.tobytes()
            archive.writestr(f"{each}.npy", content)
    return buffer.getvalue()


def tensors(content: bytes, draw: random.Random) -> bytes:
    """A ``.safetensors`` whose header is spoilt as JSON, and what is JSON inside it, too."""
    (length,) = struct.unpack("<Q", content[:8])
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    inner = [key for key, value in header.get("__metadata__", {}).items() if value[:1] in "{["]
    if inner and draw.random() < 0.8:
        key = draw.choice(inner)
        header["__metadata__"][key] = parsed(header["__metadata__"][key].encode(), draw).decode()
        spoilt = json.dumps(header).encode()
    else:
        spoilt = parsed(json.dumps(header).encode(), draw)
    return struct.pack("<Q", len(spoilt)) + spoilt + rest
