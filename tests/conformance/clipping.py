"""Kind "clip": torch's gradient clipping. Each operation starts from fresh gradients."""
import torch

from optimizers import default_dtype
from written import Inputs, error, flat, largest, read, write

SHAPES = [[17], [3, 5], [], [2, 2, 2], [1]]


def apply(op, shapes, dtype):
    params = [torch.zeros(s, dtype=dtype, requires_grad=True) for s in shapes]
    for p, grad in zip(params, op["grads"]):
        p.grad = None if grad is None else torch.tensor(read(grad), dtype=dtype).reshape(p.shape)
    out = {}
    norm_type = float(op.get("norm_type", 2))
    try:
        if op["fn"] == "clip_grad_norm_":
            norm = torch.nn.utils.clip_grad_norm_(params, float(op["max_norm"]), norm_type, op.get("error_if_nonfinite", False))
            out["total_norm"] = write(norm.item())
        elif op["fn"] == "clip_grad_value_":
            torch.nn.utils.clip_grad_value_(params, op["clip_value"])
        else:
            grads = [p.grad for p in params if p.grad is not None]
            return {"total_norm": write(torch.nn.utils.get_total_norm(grads, norm_type).item())}
    except RuntimeError as e:
        out["error"] = type(e).__name__
    return out | {"grads": [None if p.grad is None else flat(p.grad) for p in params]}


def op_error(single, exact):
    """Returns torch's own float32 error of an operation; Infinity if its norm overflows."""
    errors = []
    if "total_norm" in exact:
        a, b = read([single["total_norm"]])[0], read([exact["total_norm"]])[0]
        if abs(a) == float("inf") and abs(b) != float("inf"):
            return "Infinity"
        if b == b and abs(b) != float("inf"):
            errors.append(abs(a - b) / abs(b) if b else 0.0)
    for a, b in zip(single.get("grads", []), exact.get("grads", [])):
        if b is not None and largest(read(b)):
            errors.append(error(a, b, largest(read(b))))
    return max(errors, default=0.0)


def case(name, ops, shapes=SHAPES):
    exact, single = [], []
    for dtype, out in ((torch.float64, exact), (torch.float32, single)):
        with default_dtype(dtype):
            out += [apply(op, shapes, dtype) for op in ops]
    expected = {"float64": {"ops": exact}, "float32": {"ops": single}, "float32_error": [op_error(a, b) for a, b in zip(single, exact)]}
    return {"name": name, "params": [{"shape": s, "data": [0.0] * torch.zeros(s).numel()} for s in shapes], "ops": ops, "expected": expected}


def cases():
    inputs = Inputs("clip")

    def grads(scale=1.0, null=None):
        return [None if i == null else inputs.normal(s, scale) for i, s in enumerate(SHAPES)]

    def put(value, grads):
        grads[1][7] = value
        return grads

    norm = lambda max_norm, **rest: {"fn": "clip_grad_norm_", "max_norm": max_norm, **rest}
    for p in (2.0, 1.0, 3.0, 0.5, "Infinity", 0.0, "-Infinity", -1.0, 7.5):
        ops = [norm(m, norm_type=p, grads=grads(k, null)) for m, k, null in ((1.0, 1.0, None), (100.0, 0.1, 2), (0.01, 10.0, 0))]
        ops.append({"fn": "get_total_norm", "norm_type": p, "grads": grads()})
        yield case(f"clip-norm-{p}".lower(), ops)
    yield case("clip-value", [{"fn": "clip_grad_value_", "clip_value": c, "grads": put(v, grads(null=n))} for c, v, n in ((0.5, 0.0, None), (0.1, "NaN", 3), (2.0, "Infinity", None), (1e-3, "-Infinity", 0))])
    ops = []
    for value in ("NaN", "Infinity", "-Infinity"):
        for p in (2.0, 1.0, "Infinity", 3.0):
            ops += [norm(1.0, norm_type=p, error_if_nonfinite=e, grads=put(value, grads())) for e in (False, True)]
    yield case("clip-nonfinite", ops)
    yield case("clip-sizes", [norm(1.0, grads=grads(k)) for k in (1e-20, 1e-30, 1e10, 1e18, 3e19, 1e25, 0.0)] + [norm(1.0, grads=[None] * 5), norm(-1.0, grads=grads()), norm("Infinity", grads=grads())])
