"""Torch files of values with calls of everything that files may name, with arguments that may fit."""
import collections
import io
import pickle
import struct

from mutations import archive, pickle_mutation


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
