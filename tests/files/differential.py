"""Compares downhill and torch.load(weights_only=True) on mutated files: python differential.py [COUNT] [SEED]. Needs torch 2.13.0 and `npm run build`.

Exits with 1 if downhill loads a file that torch refuses, or with another value. Such files are written to /tmp/differential.
"""
import collections
import io
import pathlib
import pickle
import pickletools
import random
import re
import struct
import sys
import zipfile

import values

here = pathlib.Path(__file__).parent
found = pathlib.Path("/tmp/differential")

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


class Call:
    """A call that a pickle makes."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


class Stored:
    """The storage of a persistent id."""

    def __init__(self, *id):
        self.id = id


def built_value(rng, view, depth=0):
    """A value with calls of everything that files may name, with arguments that may fit."""
    import torch
    from torch import _utils

    def value():
        return built_value(rng, view, depth + 1)

    def storage():
        kind = rng.choice([torch.FloatStorage] * 5 + [torch.LongStorage, torch.DoubleStorage, torch.HalfStorage, torch.ByteStorage, torch.Size])
        size = 64 // {torch.LongStorage: 8, torch.DoubleStorage: 8, torch.HalfStorage: 2, torch.ByteStorage: 1}.get(kind, 4)
        id = ["storage", torch.FloatStorage if rng.random() < 0.7 else kind, rng.choice(["0"] * 9 + ["1", 0, b"0"]), rng.choice(["cpu"] * 9 + ["cuda:0", None, b"cpu"]), size]
        if view:
            id.append(rng.choice([None, None, None, ("v", 0, size), ("v", 4, 8), ("0", 0, size), ("w", 8, 9), ("v", 4.0, 8), ["v", 4, 8], ("v", 4)]))
        if rng.random() < 0.1:
            id[rng.randrange(len(id))] = value()
        return Stored(*(id if rng.random() < 0.95 else id[:-1]))

    def tensor(function=None):
        shape = rng.choice([(), (16,), (4, 4), (2, 3), (0, 5), (1, 16), (17,), (2, 2, 2), (4.0,), (True, 2), (-1,), (2**40, 2**40)])
        strides = rng.choice([tuple(range(len(shape), 0, -1)), (4, 1)[: len(shape)], (1,) * len(shape), (0,) * len(shape), (1, 4, 2)[: len(shape)], (1.0,)])
        args = [storage(), rng.choice([0, 0, 0, 0, 1, 3, True, 0.0, -1, 16]), rng.choice([shape, shape, list(shape), torch.Size([2, 2])]), rng.choice([strides, strides, list(strides)])]
        function = function or rng.choice([_utils._rebuild_tensor_v2] * 5 + [_utils._rebuild_tensor])
        if function is _utils._rebuild_tensor_v2 or rng.random() < 0.05:
            args += [rng.choice([False, False, False, True, 0, None]), rng.choice([collections.OrderedDict(), None, {}, value()])]
            args += rng.choice([[], [], [None], [{}], [{"neg": True}], [{"conj": False}], [{"x": True}], [0], [value()]])
        if rng.random() < 0.1:
            args[rng.randrange(len(args))] = value()
        return function, tuple(args if rng.random() < 0.95 else args[:-1])

    def attributes():
        return rng.choice([None, {}, {"x": 1}, {"data": value()}, ({}, None), ({"a": 1}, {"b": 2}), ({},), value()])

    leaves = [0, 1, -5, 2**31, 2**70, 4.0, 0.5, -0.0, True, None, "a", "1", "", "é", b"\xff", "latin1", torch.float32, torch.Tensor, torch.nn.Parameter, collections.OrderedDict, torch.FloatStorage]
    if depth > 3 or rng.random() < 0.25:
        return rng.choice(leaves)
    kind = rng.choice(["tensor"] * 6 + ["parameter", "state", "subclass", "list", "tuple", "dict", "dict", "ordered", "ordered", "counter", "size", "device", "bytes", "bytearray", "set", "frozen", "built", "storage"])
    keys = ["a", "b", 1, "1", 2, -1, True, 1.0, None, (1,), b"a", "__proto__"]
    items = [value() for _ in range(rng.randint(0, 3))]
    pairs = [(rng.choice(keys), item) for item in items]
    if kind == "tensor":
        return Call(*tensor())
    if kind == "parameter":
        return Call(rng.choice([_utils._rebuild_parameter, torch.nn.Parameter]), (Call(*tensor()), *rng.choice([(), (True,), (False,), (True, None), (False, {}), (1, None), (True, collections.OrderedDict())])))
    if kind == "state":
        return Call(_utils._rebuild_parameter_with_state, (Call(*tensor()), rng.choice([True, False, 1]), collections.OrderedDict(), attributes()))
    if kind == "subclass":
        function, args = tensor(rng.choice([None, _utils._rebuild_tensor_v2, torch.Size, collections.OrderedDict]))
        return Call(torch._tensor._rebuild_from_type_v2, (function, rng.choice([torch.Tensor, torch.Tensor, torch.nn.Parameter, value()]), args, attributes()))
    if kind in ("list", "tuple"):
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return dict((key, item) for key, item in pairs if isinstance(key, (str, int)) or rng.random() < 0.1)
    if kind == "ordered":
        return Call(collections.OrderedDict, *rng.choice([((),), ((pairs,),), ((list(map(list, pairs)),),), ((dict(pairs),),), ((value(),),), ((), {"_metadata": {}}), ((), value()), (([], []),)]))
    if kind == "counter":
        return Call(collections.Counter, rng.choice([(), ({"a": 1, 5: 2},), (dict(pairs),), (["a", "b"],), (value(),), ({}, {})]))
    if kind == "size":
        return Call(torch.Size, rng.choice([(), ((1, 2),), ([3],), ((4.0,),), (tuple(items),), (1, 2), ((True,),)]))
    if kind == "device":
        return Call(torch.device, rng.choice([("cpu",), ("cuda", 1), ("cuda:0",), ("cuda:00",), ("nothing",), (0,), ("cuda", -1), ("cuda", 1.0), ("cpu", None), (value(),)]))
    if kind == "bytes":
        return Call(__import__("_codecs").encode, rng.choice([("a\xff", "latin1"), ("a", "latin-1"), ("\u0100", "latin1"), ("a",), ("a", "utf-8"), (b"a", "latin1"), (value(), "latin1"), ("a", value())]))
    if kind == "bytearray":
        return Call(bytearray, rng.choice([(), (b"a",), ("a\xff", "latin-1"), ("a",), (3,), (b"a", "latin-1"), (value(),)]))
    if kind == "set":
        return Call(set, rng.choice([(), ([1, "a", 1.0, True],), ((1, 2),), (items,), ("ab",), (value(),), ([], [])]))
    if kind == "frozen":
        return rng.choice([frozenset([1, "a"]), {1, 2.0, "a"}, frozenset()])
    if kind == "built":
        return Call(rng.choice([collections.OrderedDict, _utils._rebuild_tensor_v2, torch.Tensor]), tuple(items), value())
    return storage()


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Stored) else None


def pickled(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def built(rng):
    """A file of such a value, in either format."""
    is_legacy = rng.random() < 0.5
    protocol = rng.choice([2, 2, 2, 2, 3, 4, 5])
    while True:
        try:
            data = pickled(built_value(rng, is_legacy), protocol)
            break
        except Exception:
            # Python itself refuses some of the values.
            continue
    if rng.random() < 0.1:
        data = pickle_mutation(rng, data, [data])
    storage = bytes(range(64))
    if not is_legacy:
        return archive([("a/data.pkl", data), ("a/byteorder", b"little"), ("a/data/0", storage), ("a/version", b"3\n")])
    keys = rng.choice([["0"]] * 8 + [[], ["0", "0"], ["1"], ["v"]])
    count = rng.choice([16] * 8 + [8, 64])
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(map(pickled, parts)) + data + pickled(keys) + b"".join(struct.pack("<q", count) + storage for _ in keys)


class Seeds:
    def __init__(self):
        files = [*here.glob("*.pt"), *(here / "legacy").glob("*.pt"), *sorted((here.parent / "conformance/cases/torch-file").glob("*.pt"))[:6]]
        self.files = [file.read_bytes() for file in sorted(files)]
        self.zips, self.legacy, self.pickles = [], [], []
        for data in self.files:
            if data[:2] == b"PK":
                with zipfile.ZipFile(io.BytesIO(data)) as read:
                    self.zips.append([(info.filename, read.read(info)) for info in read.infolist()])
                self.pickles += [content for name, content in self.zips[-1] if name.endswith("data.pkl")]
            else:
                self.legacy.append(pickles_of(data))
                self.pickles.append(self.legacy[-1][0][3])

    def mutated(self, rng):
        """A mutated file, and how it was made."""
        kind = rng.choice(["bytes", "record", "record", "record", "header", "legacy", "legacy", "legacy", "crossed", "built", "built", "built"])
        if kind == "built":
            return kind, built(rng)
        if kind == "bytes":
            return kind, byte_mutation(rng, rng.choice(self.files))
        if kind == "record":
            return kind, archive(record_mutation(rng, rng.choice(self.zips), self.pickles))
        if kind == "header":
            return kind, header_mutation(rng, rng.choice([data for data in self.files if data[:2] == b"PK"]))
        parts, tail = rng.choice(self.legacy)
        parts = [*parts]
        if kind == "crossed":
            # The parts of two files, or of one in another order.
            others, tail = rng.choice(self.legacy)
            at = rng.randrange(5)
            parts[at] = rng.choice([*others, *parts])
        else:
            at = rng.choice([0, 1, 2, 3, 3, 3, 3, 3, 4, 5])
            if at == 5:
                tail = byte_mutation(rng, tail)
            else:
                parts[at] = pickle_mutation(rng, parts[at], self.pickles)
        return kind, b"".join(parts) + tail


def judge(ours, theirs):
    if "bug" in ours:
        return "downhill fails with another error"
    if "value" not in ours:
        return "only torch loads" if "value" in theirs else "both refuse"
    if "newer" in theirs:
        return "protocols 3 to 5: as Python's pickle" if values.same(ours["value"], theirs["newer"]) else "ANOTHER VALUE"
    if "value" not in theirs:
        return "ONLY DOWNHILL LOADS"
    return "both load the same" if values.same(ours["value"], theirs["value"]) else "ANOTHER VALUE"


def main(count=20_000, seed=1):
    seeds, rng = Seeds(), random.Random(seed)
    node, torch = values.downhill(), values.torch_reader()
    counts, bad = collections.defaultdict(collections.Counter), 0
    found.mkdir(exist_ok=True)
    for i in range(count):
        kind, data = seeds.mutated(rng)
        ours = node.ask(data)
        theirs = torch.ask(data)
        verdict = judge(ours, theirs)
        counts[verdict][kind] += 1
        if verdict.isupper() or "bug" in ours:
            bad += 1
            file = found / f"{seed}-{i}-{kind}.pt"
            file.write_bytes(data)
            print(f"{file}: {verdict}: {ours.get('bug', '')} {theirs.get('error', '')[:300]}", flush=True)
    for verdict, kinds in sorted(counts.items(), key=lambda item: -sum(item[1].values())):
        print(f"{sum(kinds.values()):6} {verdict} ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
