"""Kind "averaging": torch's AveragedModel."""
import torch
from torch.optim import swa_utils

from optimizers import default_dtype
from written import Inputs, error, flat, largest

SHAPES = [[17], [3, 5], []]
BUFFERS = [("float", [4]), ("int64", []), ("int64", [3])]


class Holder(torch.nn.Module):
    def __init__(self, case, dtype):
        super().__init__()
        for i, p in enumerate(case["params"]):
            self.register_parameter(f"p{i}", torch.nn.Parameter(torch.tensor(p["data"], dtype=dtype).reshape(p["shape"])))
        for i, b in enumerate(case["buffers"]):
            kind = torch.int64 if b["dtype"] == "int64" else dtype
            self.register_buffer(f"b{i}", torch.tensor(b["data"], dtype=kind).reshape(b["shape"]))


def run(case, dtype):
    with default_dtype(dtype), torch.no_grad():
        model = Holder(case, dtype)
        spec = case["averaging"]
        args = {"use_buffers": spec.get("use_buffers", False)}
        if spec["fn"]:
            made = getattr(swa_utils, spec["fn"])(*([spec["decay"]] if "decay" in spec else []))
            args["multi_avg_fn" if "multi" in spec["fn"] else "avg_fn"] = made
        averaged = swa_utils.AveragedModel(model, **args)
        out = {"params": {}, "buffers": {}, "n_averaged": []}

        def note(k):
            out["params"][str(k)] = [flat(p) for p in averaged.module.parameters()]
            out["buffers"][str(k)] = [flat(b) for b in averaged.module.buffers()]
            out["n_averaged"].append(int(averaged.n_averaged))

        note(0)
        for k, update in enumerate(case["updates"]):
            for p, data in zip(model.parameters(), update["params"]):
                p.copy_(torch.tensor(data, dtype=dtype).reshape(p.shape))
            for b, data in zip(model.buffers(), update["buffers"]):
                b.copy_(torch.tensor(data, dtype=b.dtype).reshape(b.shape))
            averaged.update_parameters(model)
            note(k + 1)
        return out


def case(name, spec, buffers=BUFFERS, updates=12):
    inputs = Inputs(name)

    def buffer(kind, shape, k):
        if kind == "float":
            return inputs.normal(shape)
        return [int(x) for x in inputs.random.integers(0, 50, shape).reshape(-1)] if shape else [k]

    made = {
        "name": name,
        "averaging": spec,
        "params": [{"shape": s, "data": inputs.normal(s)} for s in SHAPES],
        "buffers": [{"dtype": kind, "shape": s, "data": buffer(kind, s, 0)} for kind, s in buffers],
        "updates": [{"params": [inputs.normal(s) for s in SHAPES], "buffers": [buffer(kind, s, k + 1) for kind, s in buffers]} for k in range(updates)],
    }
    exact, single = run(made, torch.float64), run(made, torch.float32)
    scale, now = {}, [largest(p["data"]) for p in made["params"]]
    for k, params in exact["params"].items():
        now = [max(s, largest(data)) for s, data in zip(now, params)]
        scale[k] = now
    errors = {k: max(error(a, b, s) for a, b, s in zip(single["params"][k], exact["params"][k], scale[k])) for k in scale}
    made["expected"] = {"float64": exact, "float32": single, "scale": scale, "float32_error": errors}
    return made


def cases():
    floats = [b for b in BUFFERS if b[0] == "float"]
    yield case("averaging-default", {"fn": None})
    yield case("averaging-default-buffers", {"fn": None, "use_buffers": True})
    yield case("averaging-swa", {"fn": "get_swa_avg_fn", "use_buffers": True})
    yield case("averaging-swa-multi", {"fn": "get_swa_multi_avg_fn", "use_buffers": True}, floats)
    yield case("averaging-swa-multi-copied", {"fn": "get_swa_multi_avg_fn"})
    yield case("averaging-ema", {"fn": "get_ema_avg_fn", "decay": 0.9})
    yield case("averaging-ema-buffers", {"fn": "get_ema_avg_fn", "decay": 0.75, "use_buffers": True})
    yield case("averaging-ema-multi", {"fn": "get_ema_multi_avg_fn", "decay": 0.99, "use_buffers": True})
    yield case("averaging-ema-low", {"fn": "get_ema_multi_avg_fn", "decay": 0.3})
