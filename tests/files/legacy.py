"""Writes tests/files/legacy: files in torch's format from before 1.6. Needs torch 2.13.0 (CPU); make.py calls it."""
import collections
import io
import pathlib
import pickle
import struct

import torch

here = pathlib.Path(__file__).parent
cases = here.parent / "conformance" / "cases" / "torch-file"


def same(a, b):
    """Whether two values are equal, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and a.contiguous().reshape(-1).view(torch.uint8).equal(b.contiguous().reshape(-1).view(torch.uint8))
    if isinstance(a, dict):
        return type(a) is type(b) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a == b


def saved_again(file):
    """The bytes of a file in the legacy format, for the same value."""
    value = torch.load(file, weights_only=True)
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=False)
    buffer.seek(0)
    assert same(torch.load(buffer, weights_only=True), value), file
    return buffer.getvalue()


class Storage:
    """A storage of float32, or the view (key, offset, size) of one."""

    def __init__(self, key, numbers, view=None):
        self.key, self.numbers, self.view = key, numbers, view


class Tensor:
    """A contiguous tensor as torch 0.3 pickles it: without requires_grad."""

    def __init__(self, storage, offset, shape):
        self.storage, self.offset, self.shape = storage, offset, tuple(shape)

    def __reduce__(self):
        strides, stride = [], 1
        for length in reversed(self.shape):
            strides.insert(0, stride)
            stride *= length
        return torch._utils._rebuild_tensor, (self.storage, self.offset, self.shape, tuple(strides))


class Dict(collections.OrderedDict):
    """An OrderedDict as Python 2 pickles it: made of a list of lists."""

    def __reduce__(self):
        return collections.OrderedDict, ([list(item) for item in self.items()],)


class Pickler(pickle._Pickler):
    """Pickles strings as Python 2 does."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_text(self, text):
        data = text.encode()
        self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        self.memoize(text)

    dispatch[str] = save_text

    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", torch.FloatStorage, value.key, "cpu", len(value.numbers), value.view)
        return None


def old(value, storages, little_endian=True):
    """A file as torch 0.3 writes it with Python 2."""
    buffer = io.BytesIO()
    facts = {"protocol_version": 1001, "little_endian": little_endian, "type_sizes": {"short": 2, "int": 4, "long": 8}}
    for part in (0x1950A86A20F9469CFC6C, 1001, facts, value, [storage.key for storage in storages]):
        Pickler(buffer, 2).dump(part)
    for storage in storages:
        buffer.write(struct.pack(f"<q{len(storage.numbers)}f", len(storage.numbers), *storage.numbers))
    return buffer.getvalue()


def views():
    numbers = [float(i) for i in range(12)]
    rows = ("rows", 4, 6)
    root, view = Storage("whole", numbers), Storage("whole", numbers, rows)
    tensors = Dict(whole=Tensor(root, 0, (3, 4)), rows=Tensor(view, 0, (2, 3)), row=Tensor(view, 3, (3,)), shared=Tensor(root, 8, (4,)))
    return tensors, [Storage("whole", numbers)]


def untracked(state):
    """A state dict from before num_batches_tracked (torch 0.4.1)."""
    tensors, storages = Dict(), []
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            storages.append(Storage(str(94000000000000 + len(storages)), tensor.reshape(-1).tolist()))
            tensors[name] = Tensor(storages[-1], 0, tensor.shape)
    return tensors, storages


def write():
    folder = here / "legacy"
    folder.mkdir(exist_ok=True)
    for file in [*here.glob("values.pt"), *here.glob("model.pt"), *here.glob("averaged.pt"), *sorted(cases.glob("*.pt"))]:
        (folder / file.name).write_bytes(saved_again(file))
    state = torch.load(here / "model.pt", weights_only=True)
    (folder / "views.pt").write_bytes(old(*views()))
    (folder / "big-endian.pt").write_bytes(old(*views(), little_endian=False))
    (folder / "untracked.pt").write_bytes(old(*untracked(state)))
    # A file that says that it is from a later version, where the counter is always saved.
    missing = state.copy()
    missing._metadata = state._metadata
    del missing["1.num_batches_tracked"]
    torch.save(missing, folder / "untracked-version2.pt", _use_new_zipfile_serialization=False)
    missing._metadata = {path: {"version": 1} for path in state._metadata}
    torch.save(missing, folder / "untracked-version1.pt", _use_new_zipfile_serialization=False)
    check(folder)


def check(folder):
    """Tries what the tests expect with torch itself."""
    from make import model

    expected = {"whole": torch.arange(12.0).reshape(3, 4), "rows": torch.arange(4.0, 10).reshape(2, 3), "row": torch.arange(7.0, 10), "shared": torch.arange(8.0, 12)}
    for name in ("views.pt", "big-endian.pt"):
        assert same(dict(torch.load(folder / name, weights_only=True)), expected), name
    for name, loads in (("untracked.pt", True), ("untracked-version1.pt", True), ("untracked-version2.pt", False)):
        try:
            model().load_state_dict(torch.load(folder / name, weights_only=True))
            assert loads, name
        except RuntimeError as error:
            assert not loads and "1.num_batches_tracked" in str(error), error


if __name__ == "__main__":
    write()
