"""Runs the left column of docs/coming-from-pytorch.md with torch and writes the results to coming-from-pytorch.json.

tests/host/coming-from.test.ts compares them with the right column: the value of each line, and the parameter `w` and its gradient if the
line changes them. Values that depend on random numbers are omitted; such a `w` is null.

    pip install torch==2.13.0 numpy safetensors && python tests/conformance/coming_from.py
"""

import ast
import contextlib
import io
import json
import os
import pathlib
import re
import tempfile
import warnings

import torch

FOLDER = pathlib.Path(__file__).parent
PAGE = (FOLDER / "../../docs/coming-from-pytorch.md").read_text()


def plain(value):
    """Returns a value as JSON; None for objects, which have no counterpart."""
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.Tensor) and not value.is_sparse:
        return {"shape": list(value.shape), "data": value.detach().flatten().tolist()}
    if type(value) in (list, tuple, torch.Size):
        return [plain(one) for one in value]
    if type(value).__module__ == "numpy":
        return plain(torch.from_numpy(value))
    return value if isinstance(value, (bool, int, float, str)) else None


def run(setup, code, seed):
    """Runs a line after the setup. Returns its value, and `w` and its gradient afterwards."""
    torch.manual_seed(seed)
    scope = {}
    exec(setup, scope)
    if "safetensors" in code:
        import safetensors.torch

        scope["safetensors"] = safetensors
    body = ast.parse(code).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), code, "exec"), scope)
    value = eval(compile(ast.Expression(last.value), code, "eval"), scope) if last else None
    w = scope["w"]
    return plain(value), {"data": plain(w)["data"], "grad": plain(w.grad)["data"] if w.grad is not None else None}


def main():
    warnings.simplefilter("ignore")
    program, setup = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    lines = re.findall(r"^\| `(.+?)` \| `.+?` \|", PAGE, re.M)
    os.chdir(tempfile.mkdtemp())
    exec(program, {"__name__": "net"})
    results = {}
    _, start = run(setup, "None", 1)
    for code in lines:
        with contextlib.redirect_stdout(io.StringIO()):
            first, second = (run(setup, code, seed) for seed in (1, 2))
        value, parameter = (a if a == b else None for a, b in zip(first, second))
        known = {} if value is None else {"value": value}
        results[code] = known if parameter == start else {**known, "w": parameter}
    rows = ",\n".join(f"  {json.dumps(code)}: {json.dumps(result)}" for code, result in results.items())
    (FOLDER / "coming-from-pytorch.json").write_text(f"{{\n{rows}\n}}\n")
    print(f"{len(results)} lines")


main()
