"""Writes the files of other containers that the readers are tried with: python containers.py. Needs torch 2.13.0 (CPU), numpy 2 and safetensors; its output is committed."""
import io
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "conformance"))
from written import write  # noqa: E402

CODES = torch.arange(256, dtype=torch.uint8)
FLOAT8 = {"float8_e4m3fn": CODES.clone().view(torch.float8_e4m3fn), "float8_e5m2": CODES.clone().view(torch.float8_e5m2)}

ARRAYS = {
    "bool": np.array([True, False, True]),
    "int8": np.array([-128, 127], "i1"),
    "int16": np.array([[-32768], [32767]], "<i2"),
    "int32": np.array([-(2**31), 2**31 - 1], "<i4"),
    "int64": np.array([[0, -1, 2**31 - 1]], "<i8"),
    "int64-long": np.array([2**31, -(2**63)], "<i8"),
    "uint8": np.array([0, 255], "u1"),
    "uint16": np.array([65535], "<u2"),
    "uint32": np.array([2**32 - 1, 1], "<u4"),
    "uint64": np.array([2**63 - 1], "<u8"),
    "float16": np.array([1.5, -65504, 6e-8, np.inf, np.nan], "<f2"),
    "float32": np.array([[1.5, -2.25], [3e38, 1e-45]], "<f4"),
    "float64": np.array([0.1, -1e300, 5e-324], "<f8"),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), "<f4"),
    "big-int16": np.array([-300, 2], ">i2"),
    "big-float64": np.array([[0.1, -2.0]], ">f8"),
    "fortran": np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)),
    "fortran-big": np.asfortranarray(np.arange(6, dtype=">u2").reshape(2, 3)),
}


def told(array):
    numbers = write(array.astype("f8").reshape(-1).tolist()) if array.dtype.kind == "f" else [str(int(x)) for x in array.reshape(-1)]
    return {"shape": list(array.shape), "data": numbers}


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version, allow_pickle=True)
    return file.getvalue()


def shards():
    weights = torch.arange(6.0)
    parts = [{"embed.weight": weights[:4].reshape(2, 2), "head.bias": weights[4:5]}, {"head.weight": weights.to(torch.float16)}]
    names = [f"model-{i + 1:05}-of-00002.safetensors" for i in range(2)]
    for name, part in zip(names, parts):
        save_file(part, here / name, {"format": "pt"})
    index = {"metadata": {"total_size": 32}, "weight_map": {key: name for name, part in zip(names, parts) for key in part}}
    (here / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


def main():
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    save_file(FLOAT8, here / "float8.safetensors")
    shards()
    for version in (1, 2, 3):
        (here / f"version-{version}.npy").write_bytes(npy(ARRAYS["float32"], (version, 0)))
    (here / "fortran.npy").write_bytes(npy(ARRAYS["fortran"]))
    np.savez(here / "stored.npz", **ARRAYS)
    np.savez_compressed(here / "compressed.npz", **ARRAYS, zeros=np.zeros((100, 50)), **{"naïve/name": np.array([1.0])})
    # What is refused.
    (here / "objects.npy").write_bytes(npy(np.array([{}, None], dtype=object)))
    (here / "structured.npy").write_bytes(npy(np.zeros(2, [("a", "<f4"), ("b", "<i4")])))
    for name, array in {"complex": np.zeros(2, "c8"), "text": np.array(["ab"]), "time": np.zeros(1, "M8[s]")}.items():
        (here / f"{name}.npy").write_bytes(npy(array))
    expected = {
        "float8": {name: write(tensor.float()) for name, tensor in FLOAT8.items()},
        "arrays": {name: told(array) for name, array in ARRAYS.items()},
    }
    (here / "containers.json").write_text(json.dumps(expected, allow_nan=False) + "\n")


main()
