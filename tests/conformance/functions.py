"""Kind "function": values and gradients of torch's functions."""
import torch
from torch.nn import functional

from function_table import TABLE
from inputs import floats
from optimizers import default_dtype
from written import Inputs, error, flat, largest, nudge, read


def load(entry, dtype, move=read):
    kind = {"float": dtype, "int64": torch.int64, "bool": torch.bool}[entry.get("dtype", "float")]
    return torch.tensor(move(entry["data"]) if kind is dtype else [int(x) for x in entry["data"]], dtype=kind).reshape(entry["shape"])


def unroll(name, tensors, options):
    """Returns the outputs and last states of torch.nn.GRU or LSTM with the given weights."""
    x, *states = (tensors[key] for key in ("input", "h_0", "c_0") if key in tensors)
    cell = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[name](x.shape[-1], **options)
    cell._flat_weights = [tensors[key] for key in cell._flat_weights_names]
    output, last = cell(x, tuple(states)) if len(states) == 2 else cell(x, *states)
    return output, dict(zip(("h_n", "c_n"), last if name == "lstm" else [last]))


def apply(name, tensors, options):
    """Returns the output, and other results by name."""
    if name in ("gru", "lstm"):
        return unroll(name, tensors, options)
    if name == "cat":
        return torch.cat(list(tensors.values()), **options), {}
    if name in ("sum", "mean"):
        options = {"dim": None} | options
    if name == "batch_norm":
        running = {key: tensors.get(key) for key in ("running_mean", "running_var")}
        kept = options.get("training") and running["running_mean"] is not None
        return functional.batch_norm(**tensors | running, **options), running if kept else {}
    # nn.functional comes first, because torch.batch_norm, torch.embedding and others have different parameters.
    return (getattr(functional, name, None) or getattr(torch, name))(**tensors, **options), {}


def run(case, dtype, move=read):
    with default_dtype(dtype):
        tensors = {i["name"]: load(i, dtype, move).requires_grad_(i["grad"]) for i in case["inputs"]}
        output, extra = apply(case["function"], tensors, case["options"])
        results = {"output": output} | extra
        arriving = {"output": case.get("upstream", {"shape": [], "data": [1.0]})} | case.get("extra_upstream", {})
        asked = [i["name"] for i in case["inputs"] if i["grad"]]
        up = [load(u, dtype, move) for u in arriving.values()]
        grads = torch.autograd.grad([results[key] for key in arriving], [tensors[key] for key in asked], up)
        shaped = {key: {"shape": list(t.shape), "data": flat(t)} for key, t in results.items()}
        out = {"output": shaped.pop("output"), "grads": dict(zip(asked, map(flat, grads)))}
        return out | ({"extra": shaped} if shaped else {})


def errors(got, want):
    """Returns the error of each tensor, relative to its largest magnitude, in the structure of a result."""
    if isinstance(want, dict) and "data" not in want:
        return {key: errors(got[key], want[key]) for key in want}
    got, want = (v["data"] if isinstance(v, dict) else v for v in (got, want))
    assert [x if isinstance(x, str) else 0 for x in got] == [x if isinstance(x, str) else 0 for x in want], "float32 and float64 differ in non-finite values"
    return error(got, want, largest(read(want)))


def most(trees):
    return {key: most([t[key] for t in trees]) if isinstance(v, dict) else max(t[key] for t in trees) for key, v in trees[0].items()}


def leaves(tree):
    return [x for v in tree.values() for x in (leaves(v) if isinstance(v, dict) else [v])]


def expected(case):
    exact, single = run(case, torch.float64), run(case, torch.float32)
    return {
        "float64": exact,
        "float32": single,
        "float32_error": errors(single, exact),
        "float64_sensitivity": most([errors(run(case, torch.float64, nudge(seed)), exact) for seed in range(8)]),
        "judge": {"float64_rtol": 1e-12},
    }


def case(name, inputs, options, upstream=False, finals=(), ties=False, vanishes=False):
    """Returns a case. upstream: gradient of the output even if it is a scalar; finals: last states with a gradient; vanishes: in float32."""
    source = Inputs(f"fn-{name}")
    drawn = {key: floats(spec)(source) if isinstance(spec, list) else spec(source) for key, spec in inputs.items()}
    made = {
        "name": f"fn-{name}",
        "function": name.split("-")[0],
        "inputs": [{"name": key, **value} for key, value in drawn.items()],
        "options": options,
        **({"ties": True} if ties else {}),
    }
    output, extra = apply(made["function"], {i["name"]: load(i, torch.float32) for i in made["inputs"]}, options)
    shapes = {"output": list(output.shape)} | {key: list(extra[key].shape) for key in finals}
    arriving = {key: {"shape": shape, "data": source.normal(shape)} for key, shape in shapes.items()}
    if output.shape or upstream:
        made["upstream"] = arriving["output"]
    if finals:
        made["extra_upstream"] = {key: arriving[key] for key in finals}
    made["expected"] = expected(made)
    # A larger float32 error would mean that float64 is not accurate to 1e-12 either.
    assert vanishes or max(leaves(made["expected"]["float32_error"])) < 1e-5, made["name"]
    return made


def cases():
    for name, inputs, options, *more in TABLE:
        yield case(name, inputs, options, **dict(*more))
