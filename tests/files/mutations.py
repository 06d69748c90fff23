"""Mutations of torch files: of their bytes, of the operations of their pickles, of the files and headers of their archives."""
import io
import pickletools
import re
import struct
import zipfile

EDGES = [0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1]
LONG_EDGES = [*EDGES, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1]
# Operations with operands that may fit where another stood.
OPERATIONS = [bytes([code]) for code in b"])}(.NteuabslRQd012\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94"] + [
    b"K\x01", b"K\x00", b"M\x00\x01", b"J\xff\xff\xff\xff", b"G" + struct.pack(">d", 4.0), b"G" + struct.pack(">d", 0.5), b"\x8a\x01\x04", b"\x8a\x00",
    b"U\x01a", b"U\x01\xff", b"X\x01\0\0\0a", b"X\x01\0\0\0\xff", b"X\x07\0\0\0storage", b"X\x03\0\0\0cpu", b"X\x01\0\0\0000", b"\x8c\x01a", b"C\x01a", b"h\x00", b"h\x01", b"q\x00", b"q\x01",
    b"\x95" + struct.pack("<Q", 3), b"\x95" + struct.pack("<Q", 2**63), b"ctorch\nFloatStorage\n", b"ctorch\nLongStorage\n", b"ctorch\nHalfStorage\n", b"ctorch\nSize\n", b"ctorch\nTensor\n", b"ctorch\nfloat32\n",
    b"ctorch\ndevice\n", b"ccollections\nOrderedDict\n", b"ccollections\nCounter\n", b"c__builtin__\nset\n", b"c__builtin__\nbytearray\n", b"c_codecs\nencode\n",
    b"ctorch._utils\n_rebuild_tensor\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n", b"ctorch.nn.parameter\nParameter\n", b"ctorch._tensor\n_rebuild_from_type_v2\n",
]

# Codes of operations that push a value, and where such operations are in the list.
VALUES = b"KMJG\x8aUXN\x88\x89"
VALUES_FROM, VALUES_TO = OPERATIONS.index(b"K\x01"), OPERATIONS.index(b"h\x00")


def byte_mutation(rng, data):
    """A few bytes changed, inserted, removed or repeated, or the end cut off."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(data) + 1), rng.randint(1, 12)
        kind = rng.choice(["flip", "set", "edge", "long edge", "cut", "drop", "insert", "repeat"])
        if kind == "flip" and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "set" and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == "edge":
            data[at : at + 4] = struct.pack("<I", rng.choice(EDGES))
        elif kind == "long edge":
            data[at : at + 8] = struct.pack("<Q", rng.choice(LONG_EDGES))
        elif kind == "cut" and rng.random() < 0.3:
            del data[at:]
        elif kind == "drop":
            del data[at : at + size]
        elif kind == "insert":
            data[at:at] = rng.randbytes(size)
        elif kind == "repeat":
            data[at:at] = data[at : at + size]
    return bytes(data)


def operations(data):
    """The operations of a pickle; the rest as one if they cannot be told apart."""
    starts = []
    try:
        starts = [position for _, _, position in pickletools.genops(data)]
    except Exception:
        pass
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)])] or [data]


def operand(rng, operation):
    """An operation whose operand has another value of its kind."""
    code, rest = operation[:1], operation[1:]
    if code in VALUES and rng.random() < 0.3:
        return rng.choice(OPERATIONS[VALUES_FROM:VALUES_TO])
    if code == b"K" and rng.random() < 0.3:
        return b"G" + struct.pack(">d", float(rest[0]))
    if code in b"KU\x8a" and rest:
        return code + bytes([rng.choice([0, 1, 2, 3, 4, 5, 8, 255, (rest[0] + 1) % 256, (rest[0] - 1) % 256])]) + rest[1:]
    if code in b"J" and len(rest) == 4:
        return code + struct.pack("<I", rng.choice(EDGES))
    if code == b"G":
        return b"K" + bytes([rng.randrange(256)]) if rng.random() < 0.5 else code + struct.pack(">d", rng.choice([0.0, -0.0, 4.0, -1.0, 1e300, float("nan")]))
    return rng.choice(OPERATIONS)


def pickle_mutation(rng, data, others):
    """Operations changed, exchanged, removed, repeated, or taken from another pickle."""
    if rng.random() < 0.2:
        return byte_mutation(rng, data)
    ops = operations(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at, size = rng.randrange(len(ops)), rng.randint(1, 6)
        kind = rng.choice(["operand"] * 5 + ["wrap", "replace", "insert", "drop", "repeat", "swap", "splice", "byte"])
        if kind == "operand":
            ops[at] = operand(rng, ops[at])
        elif kind == "wrap":
            ops.insert(at + 1, rng.choice([b"\x85", b"\x85", b"0", b"a", b"2\x86", b"Nq\x7f0"]))
        elif kind == "replace":
            ops[at] = rng.choice(OPERATIONS)
        elif kind == "insert":
            ops[at:at] = [rng.choice(OPERATIONS)]
        elif kind == "drop" and len(ops) > size:
            del ops[at : at + rng.choice([1, size])]
        elif kind == "repeat":
            ops[at:at] = ops[at : at + size]
        elif kind == "swap":
            other = rng.randrange(len(ops))
            ops[at], ops[other] = ops[other], ops[at]
        elif kind == "splice":
            more = operations(rng.choice(others))
            start = rng.randrange(len(more))
            ops[at:at] = more[start : start + rng.randint(1, 20)]
        elif kind == "byte":
            ops[at] = byte_mutation(rng, ops[at])
    return b"".join(ops)


def archive(files):
    """A zip archive of uncompressed files, with the checksums they have."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as written:
        for name, data in files:
            written.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def record_mutation(rng, files, others):
    """The files of an archive, one of them changed, renamed, removed, moved or repeated."""
    files = [*files]
    at = rng.randrange(len(files))
    name, data = files[at]
    kind = rng.choice(["pickle"] * 8 + ["data", "data", "name", "drop", "move", "small"])
    if kind == "pickle":
        at = next(i for i, (name, _) in enumerate(files) if name.endswith("/data.pkl"))
        files[at] = files[at][0], pickle_mutation(rng, files[at][1], others)
    elif kind == "data":
        files[at] = name, byte_mutation(rng, data)
    elif kind == "name":
        files[at] = byte_mutation(rng, name.encode()).decode("latin-1").replace("\0", "0") or "x", data
    elif kind == "drop":
        del files[at]
    elif kind == "move":
        files.insert(rng.randrange(len(files)), files.pop(at))
    elif kind == "small":
        at = rng.choice([i for i, (_, data) in enumerate(files) if len(data) < 70])
        files[at] = files[at][0], rng.choice([b"", b"1", b"big", b"little", b"x", b"3\n", b"11", b"0", b" 3", b"64", b"1e3"])
    return files


def header_mutation(rng, data):
    """A zip archive with another number in a header."""
    data = bytearray(data)
    places = [match.start() for match in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06|\x06\x06|\x06\x07)", data)]
    for _ in range(rng.randint(1, 2)):
        at = rng.choice(places) + rng.randrange(46)
        size = rng.choice([1, 2, 4, 8])
        if at + size <= len(data):
            old = int.from_bytes(data[at : at + size], "little")
            new = rng.choice([*LONG_EDGES, old + 1, old - 1, old + 4, old * 2, rng.randrange(2**16)])
            data[at : at + size] = (new % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(data)


def pickles_of(data):
    """The five pickles of a legacy file, and the storages after them."""
    file, ends = io.BytesIO(data), [0]
    for _ in range(5):
        for _ in pickletools.genops(file):
            pass
        ends.append(file.tell())
    return [data[a:b] for a, b in zip(ends, ends[1:])], data[ends[-1] :]
