"""Writes the golden cases: python generate.py [KIND …]. Needs torch 2.13.0 (CPU), numpy and safetensors. The tests do not, because its output is committed."""
import json
import pathlib
import sys

import torch

import averaging
import clipping
import functions
import optimizers
import schedulers
import torch_files
import training
import validation

torch.set_num_threads(1)

KINDS = {
    "optimizer": optimizers.cases,
    "scheduler": schedulers.cases,
    "clip": clipping.cases,
    "averaging": averaging.cases,
    "validation": validation.cases,
    "function": functions.cases,
    "training": training.cases,
    "torch-file": torch_files.cases,
}


def main():
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    for kind in sys.argv[1:] or KINDS:
        folder = pathlib.Path(__file__).parent / "cases" / kind
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*"):
            old.unlink()
        for case in KINDS[kind]():
            for name, content in case.pop("files", {}).items():
                (folder / name).write_bytes(content)
            head = {"format": 1, "name": case.pop("name"), "kind": kind, "reference": "torch 2.13.0"}
            text = json.dumps(head | case, separators=(",", ":"), allow_nan=False)
            (folder / f"{head['name']}.json").write_text(text + "\n")
            print(kind, head["name"], len(text))


main()
