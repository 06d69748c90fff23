"""Reads torch files with torch.load(weights_only=True) in a worker process, and with downhill in one of Node; gives both values one form."""
import hashlib
import json
import pathlib
import pickle
import resource
import select
import struct
import subprocess
import sys
import types
import warnings

here = pathlib.Path(__file__).parent

SECONDS = 10
# torch maps about 3 GB before it reads anything.
MEMORY = 8 * 2**30

# Operations of protocols 3 to 5, which downhill reads and weights_only does not: Python's pickle decides what they mean.
NEWER = {0x42, 0x43, 0x8C, 0x8D, 0x8E, 0x90, 0x91, 0x93, 0x94, 0x95, 0x96}


class Process:
    """A process that answers each file with a line; it is started again when it ends or takes too long."""

    def __init__(self, *command):
        self.command, self.child = command, None

    def ask(self, data):
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        line = b""
        try:
            self.child.stdin.write(struct.pack("<I", len(data)) + data)
            while not line.endswith(b"\n"):
                ready, _, _ = select.select([self.child.stdout], [], [], SECONDS + 20 * (not line))
                part = self.child.stdout.read(2**20) if ready else b""
                if not part:
                    raise EOFError
                line += part
        except (OSError, EOFError):
            self.child.kill()
            self.child.wait()
            self.child = None
            return {"error": "the process ended or took too long"}
        return json.loads(line)


def downhill():
    return Process("node", str(here / "differential.mjs"))


def torch_reader():
    return Process(sys.executable, __file__)


def form(value):
    """A value as differential.mjs tells it."""
    import torch

    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"float": struct.pack(">d", value).hex().lstrip("0") or "0"} if abs(value) < 2**53 else {"int": str(value)}
    if isinstance(value, float):
        return {"float": "nan" if value != value else struct.pack(">d", value).hex().lstrip("0") or "0"}
    if isinstance(value, (list, tuple)):
        return [form(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": [form(item) for item in value]}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"dict": [[str(key), form(entry)] for key, entry in value.items()]}
    if isinstance(value, torch.Tensor):
        return tensor_form(value.detach())
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    return {"other": type(value).__name__}


def tensor_form(tensor):
    """The type that downhill reads it as, its shape, and a hash of its bits."""
    import torch

    shape = list(tensor.shape)
    flat = tensor.contiguous().reshape(-1)
    if flat.dtype in (torch.float16, torch.bfloat16):
        half, flat = flat, flat.float()
        if half.dtype == torch.float16:
            # torch converts NaNs differently in vectors and after them: here sign and payload are kept, and they become quiet.
            bits = half.view(torch.int16).int()
            nans = (bits & 0x8000) << 16 | 0x7FC00000 | (bits & 1023) << 13
            flat = torch.where(half.isnan(), nans, flat.view(torch.int32)).view(torch.float32)
    elif flat.dtype == torch.bool:
        flat = (flat.view(torch.uint8) != 0).int()
    elif not flat.is_floating_point() and not flat.is_complex():
        wide = flat.long()
        flat = wide.int() if torch.equal(wide.int().long(), wide) else wide
    bits = hashlib.sha1(flat.numpy().tobytes()).hexdigest()
    return {"tensor": str(flat.dtype).removeprefix("torch."), "shape": shape, "bits": bits}


def same(ours, theirs):
    """Whether two forms are equal. Sets have no order, and dicts none that JavaScript would keep."""
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, dict) and "set" in theirs:
        return isinstance(ours, list) and sorted(map(json.dumps, ours)) == sorted(map(json.dumps, theirs["set"]))
    if isinstance(theirs, dict) and "dict" in theirs:
        if not (isinstance(ours, dict) and "dict" in ours):
            return False
        a, b = dict(ours["dict"]), dict(theirs["dict"])
        return len(a) == len(b) == len(theirs["dict"]) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return ours == theirs


def tensors_in(shown):
    """How many tensors a form has."""
    if isinstance(shown, list):
        return sum(map(tensors_in, shown))
    if isinstance(shown, dict) and "dict" in shown:
        return sum(tensors_in(entry) for _, entry in shown["dict"])
    return int(isinstance(shown, dict) and "tensor" in shown)


class Restricted(pickle.Unpickler):
    """Python's pickle, with the names that weights_only allows."""

    def find_class(self, module, name):
        from torch import _weights_only_unpickler as allowed

        module, name = allowed.NAME_MAPPING.get((module, name), (allowed.IMPORT_MAPPING.get(module, module), name))
        return allowed._get_allowed_globals()[f"{module}.{name}"]


def load(data):
    import io

    import torch

    try:
        return {"value": form(torch.load(io.BytesIO(data), weights_only=True, map_location="cpu"))}
    except Exception as error:
        newer = [code for code in NEWER if f"Unsupported operand {code}\n" in f"{error}\n"]
        if not newer:
            return {"error": f"{type(error).__name__}: {error}"[:500]}
    module = types.ModuleType("restricted")
    module.Unpickler, module.UnpicklingError = Restricted, pickle.UnpicklingError
    module.load = lambda file, **options: Restricted(file, **options).load()
    try:
        return {"newer": form(torch.load(io.BytesIO(data), weights_only=False, pickle_module=module, map_location="cpu"))}
    except Exception as error:
        return {"error": f"by pickle: {type(error).__name__}: {error}"[:500]}


def main():
    import torch

    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    while len(head := sys.stdin.buffer.read(4)) == 4:
        data = sys.stdin.buffer.read(struct.unpack("<I", head)[0])
        try:
            answer = json.dumps(load(data))
        except RecursionError:
            answer = json.dumps({"error": "nested too deep"})
        sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
