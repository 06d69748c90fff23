"""Writes the test files for the readers: python make.py. Needs torch 2.13.0 (CPU), numpy and safetensors; its output is committed."""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "conformance"))
import legacy  # noqa: E402
from written import write  # noqa: E402

torch.manual_seed(0)

HALVES = [1.5, -2.0, 65504.0, 6e-8, 6.1e-5, float("inf"), float("-inf"), float("nan"), 0.0]
TENSORS = {
    "float32": torch.tensor([[1.5, -2.25], [3e38, 1e-45]]),
    "float64": torch.tensor([0.1, -1e300, 5e-324], dtype=torch.float64),
    "float16": torch.tensor(HALVES, dtype=torch.float16),
    "bfloat16": torch.tensor([*HALVES, 3e38], dtype=torch.bfloat16),
    "int64": torch.tensor([0, -1, 2**31 - 1, -(2**31)]),
    "int64.long": torch.tensor([2**31, -(2**62)]),
    "int32": torch.tensor([7, -70000], dtype=torch.int32),
    "int16": torch.tensor([-300, 300], dtype=torch.int16),
    "int8": torch.tensor([-128, 127], dtype=torch.int8),
    "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
    "naïve": torch.tensor([1.0]),
}
UNSIGNED = {"uint16": torch.tensor([65535], dtype=torch.uint16), "uint32": torch.tensor([2**32 - 1, 1], dtype=torch.uint32), "uint64": torch.tensor([2**40], dtype=torch.uint64)}


def told(tensor):
    return {"shape": list(tensor.shape), "data": write(tensor.detach().double().reshape(-1)) if tensor.is_floating_point() else [str(int(x)) for x in tensor.reshape(-1)]}


def windows():
    """Returns views with unusual offsets and strides."""
    base = torch.arange(24.0).reshape(4, 6)
    cube = torch.arange(24.0).reshape(2, 3, 4)
    return {"transposed": base.t(), "rows": base[1:3], "columns": base[:, 2:4], "every third": torch.arange(10.0)[::3], "permuted": cube.permute(2, 0, 1), "whole": base, "one": base[2:3, 4:5]}


def model():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(12, 6), torch.nn.LayerNorm(6), torch.nn.Linear(6, 2),
    )


def main():
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    plain = {"none": None, "true": True, "int": 3, "negative": -70000, "long": 2**70, "float": 0.1, "text": "ü\n", "list": [1, [2.5]], "tuple": (1, "a"), "bytes": b"\x00\xff", "bytearray": bytearray(b"ab"), "set": {5}, "size": torch.Size([2, 3]), "dtype": torch.float32, "device": torch.device("cpu"), 7: "an int key"}
    views = windows()
    torch.save({"tensors": TENSORS, "windows": views, "parameter": torch.nn.Parameter(torch.tensor([1.0])), "plain": plain}, here / "values.pt")
    torch.save({"tensors": TENSORS, "plain": plain}, here / "values-protocol4.pt", pickle_protocol=4)
    save_file(TENSORS | UNSIGNED, here / "values.safetensors", {"format": "pt", "made by": "torch"})

    net = model()
    x = torch.randn(4, 1, 4, 4)
    net(x).square().sum().backward()
    net(x)
    averaged = AveragedModel(net)
    averaged.update_parameters(net)
    net.eval()
    torch.save(net.state_dict(), here / "model.pt")
    save_file(net.state_dict(), here / "model.safetensors")
    torch.save(averaged.state_dict(), here / "averaged.pt")
    expected = {
        "tensors": {name: told(tensor) for name, tensor in (TENSORS | UNSIGNED).items()},
        "windows": {name: told(tensor) for name, tensor in views.items()},
        "model": {"x": told(x), "y": told(net(x))},
    }
    (here / "expected.json").write_text(json.dumps(expected, allow_nan=False) + "\n")

    # Files that the readers must reject.
    torch.save(net, here / "whole-module.pt")
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), here / "script.pt")
    torch.save({"z": torch.zeros(2, dtype=torch.complex64)}, here / "complex.pt")
    torch.save(torch.zeros(1).expand(1000), here / "repeated.pt")
    legacy.write()


if __name__ == "__main__":
    main()
