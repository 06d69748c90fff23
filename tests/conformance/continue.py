"""Continues training in torch from the files of `downhill conformance --emit DIR`, kind "torch-file": python continue.py DIR [CASES …]."""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file

import schedulers
import torch_files
from optimizers import gradient, newton_schulz_in, objective
from written import error, flat, largest

torch.set_num_threads(1)


def keys(value):
    """Returns the structure of a file: keys, nesting, element types and shapes."""
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), list(value.shape)]
    if isinstance(value, dict):
        return {str(key): keys(entry) for key, entry in sorted(value.items(), key=lambda pair: str(pair[0]))}
    return [keys(entry) for entry in value] if isinstance(value, (list, tuple)) else isinstance(value, (int, float)) or value


def continued(case, folder, beside, mmap):
    """Opens the written files, compares their structure with torch's file, loads them, and takes the last ten steps."""
    saved = torch.load(folder / f"{case['name']}.pt", weights_only=True, mmap=mmap)
    weights = load_file(folder / f"{case['name']}.safetensors")
    assert keys(saved) == keys(torch.load(beside / case["file"], weights_only=True)), "the structure differs"
    params = [weights[name].clone().requires_grad_() for name in case["names"]]
    if case["bundle"]:
        assert all(torch.equal(saved["model"][name], p) for name, p in zip(case["names"], params)), "the two files differ"
    with newton_schulz_in(torch.float32):
        optimizer = torch_files.build(case, params)
        scheduler = schedulers.build(case["scheduler"], optimizer) if case["scheduler"] else None
        if scheduler and not case["bundle"]:
            for t in range(torch_files.SAVED):
                scheduler.step(*torch_files.metric(case, t))
        optimizer.load_state_dict(saved["optimizer"] if case["bundle"] else saved)
        if scheduler and case["bundle"]:
            scheduler.load_state_dict(saved["scheduler"])
        for t in range(torch_files.SAVED):
            if "objective" in case:
                optimizer.step(lambda: objective(case["objective"], params))
            else:
                for p, spec, shape in zip(params, case["grads_11_to_20"][t], case["shapes"]):
                    p.grad = gradient(spec, shape, torch.float32)
                optimizer.step()
            if scheduler:
                scheduler.step(*torch_files.metric(case, torch_files.SAVED + t))
    return [flat(p) for p in params]


def main():
    folder = pathlib.Path(sys.argv[1])
    paths = map(pathlib.Path, sys.argv[2:]) if sys.argv[2:] else (pathlib.Path(__file__).parent / "cases/torch-file").glob("*.json")
    failed = 0
    for path in sorted(paths):
        case = {"named": False, **json.loads(path.read_text())}
        want = case["expected"]["float64"]["params_after_20"]
        scales = [max(map(largest, values)) for values in zip(case["initial_params"], case["params_after_10"], want)]
        limit = max(2 * case["expected"]["float32_error"], 1e-6)
        for mmap in (False, True):
            worst = max(error(*values) for values in zip(continued(case, folder, path.parent, mmap), want, scales))
            failed += worst > limit
            print("ok  " if worst <= limit else "FAIL", case["name"], "mapped" if mmap else "read", f"{worst:.1e}, limit {limit:.1e}")
    return 1 if failed else 0


sys.exit(main())
