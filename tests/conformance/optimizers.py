"""Kind "optimizer": trajectories of torch's optimizers over given gradients."""
import contextlib

import numpy as np
import torch

import schedulers
from written import Inputs, error, flat, largest, tensor, write

RECORD = [1, 2, 3, 5, 10, 20, 40]
SHAPES = [[17], [3, 5], [1]]
SIZES = [[1], [3], [5], [7], [17], [67]]


@contextlib.contextmanager
def default_dtype(dtype):
    """In a float64 run torch's own scalars (step, mu_product, eta) are float64 too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def tuples(options):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}


def build(case, params, options):
    groups = [{"params": [params[i] for i in g["params"]], **tuples(g["options"])} for g in case["groups"]]
    cls = getattr(torch.optim, case["optimizer"])
    path = {} if cls in (torch.optim.LBFGS, torch.optim.SparseAdam, torch.optim.Muon) else {"foreach": False}
    if cls is torch.optim.LBFGS:
        return cls([p for g in groups for p in g["params"]], **tuples(options))
    return cls(groups, **tuples(options), **path)


def gradient(spec, shape, dtype):
    if spec is None:
        return None
    if isinstance(spec, dict):
        sparse = spec["sparse"]
        values = torch.tensor(sparse["values"], dtype=dtype)
        if not sparse["indices"][0]:
            values = values.reshape([0, *shape[1:]])
        return torch.sparse_coo_tensor(torch.tensor(sparse["indices"], dtype=torch.int64).reshape(1, -1), values, sparse["size"])
    return torch.tensor(spec, dtype=dtype).reshape(shape)


def objective(spec, params):
    """The value of an LBFGS case's objective; sets the gradients."""
    x = torch.cat([p.reshape(-1) for p in params])
    if spec["name"] == "quadratic":
        a, b = torch.tensor(spec["A"], dtype=x.dtype), torch.tensor(spec["b"], dtype=x.dtype)
        value = 0.5 * x @ (a @ x) - b @ x
        grads = a @ x - b
    else:
        head, tail = x[:-1], x[1:]
        value = (100 * (tail - head**2) ** 2 + (1 - head) ** 2).sum()
        grads = torch.zeros_like(x)
        grads[:-1] += -400 * head * (tail - head**2) - 2 * (1 - head)
        grads[1:] += 200 * (tail - head**2)
    start = 0
    for p in params:
        p.grad = grads[start : start + p.numel()].reshape(p.shape).clone()
        start += p.numel()
    return value


def state_of(optimizer):
    d = optimizer.state_dict()

    def entry(v):
        if isinstance(v, torch.Tensor):
            return tensor(v.to_dense() if v.is_sparse else v)
        if isinstance(v, list):
            return [entry(x) for x in v]
        return write(v)

    state = {str(i): {k: entry(v) for k, v in s.items()} for i, s in d["state"].items()}
    return {"state": state, "param_groups": [write(g) for g in d["param_groups"]]}


def run(case, dtype, nudge=None):
    with default_dtype(dtype):
        return trajectory(case, dtype, nudge or (lambda data: data))


def trajectory(case, dtype, nudge):
    params = [torch.tensor(nudge(p["data"]), dtype=dtype).reshape(p["shape"]).requires_grad_() for p in case["params"]]
    optimizer = build(case, params, case["options"])
    scheduler = schedulers.build(case["scheduler"], optimizer) if case.get("scheduler") else None
    out = {"params": {}, "lr": []}
    tracked = [k for k in ("momentum", "betas") if scheduler and any(k in g for g in optimizer.param_groups)]
    steps = case.get("steps") or [None] * case["num_steps"]
    for t, step in enumerate(steps):
        if case.get("resume") and t == case["resume"]["at"]:
            saved = optimizer.state_dict(), scheduler and scheduler.state_dict()
            optimizer = build(case, params, case["resume"]["fresh_options"])
            scheduler = schedulers.build(case["scheduler"], optimizer) if scheduler else None
            optimizer.load_state_dict(saved[0])
            if scheduler:
                scheduler.load_state_dict(saved[1])
        out["lr"].append([float(g["lr"]) for g in optimizer.param_groups])
        for key in tracked:
            out.setdefault(key, []).append([write(g.get(key, 0)) for g in optimizer.param_groups])
        if step is None:
            out.setdefault("loss", []).append(float(optimizer.step(lambda: objective(case["objective"], params))))
        else:
            for p, spec, shape in zip(params, step["grads"], (p["shape"] for p in case["params"])):
                p.grad = gradient(spec if spec is None or isinstance(spec, dict) else nudge(spec), shape, dtype)
            optimizer.step()
        if scheduler:
            scheduler.step(step["metric"]) if step and "metric" in step else scheduler.step()
        if t + 1 in case["record"]:
            out["params"][str(t + 1)] = [flat(p) for p in params]
    out["state"] = state_of(optimizer)
    if scheduler:
        out["scheduler_state"] = schedulers.state_of(scheduler)
    return out


def expected(case):
    """What the reference gives in both types, its own float32 error, and how sensitive the float64 result is."""
    exact, single = run(case, torch.float64), run(case, torch.float32)
    scale, now = {}, [largest(p["data"]) for p in case["params"]]
    for k, params in exact["params"].items():
        now = [max(s, largest(data)) for s, data in zip(now, params)]
        scale[k] = now

    def worst(other):
        return {k: max(error(a, b, s) for a, b, s in zip(other["params"][k], exact["params"][k], scale[k])) for k in scale}

    sensitivity = dict.fromkeys(scale, 0.0)
    for seed in range(8):
        random = np.random.default_rng(seed)
        nudged = run(case, torch.float64, lambda data: (np.asarray(data) * (1 + random.choice([-1, 1], len(data)) * 2.0**-53)).tolist())
        sensitivity = {k: max(sensitivity[k], e) for k, e in worst(nudged).items()}
    rtol = max(1e-12, 50 * max(sensitivity.values()))
    assert rtol < 1e-9, (case["name"], rtol)
    return {
        "float64": exact,
        "float32": single,
        "scale": scale,
        "float32_error": worst(single),
        "float64_sensitivity": sensitivity,
        "judge": {"float64_rtol": rtol},
    }


def case(name, optimizer, options=None, *, shapes=SHAPES, groups=None, steps=40, null=0.0, scale=0.1, special=False, resume=None, scheduler=None, sparse=False, metric=False):
    """One case. null: share of missing gradients; special: zeros, 1e-20 and 1e4 among them; sparse: the first axis is rows."""
    inputs = Inputs(name)
    params = [{"shape": s, "data": inputs.normal(s)} for s in shapes]
    drift = [inputs.normal(s, scale / 2) for s in shapes]

    def grad(i):
        if inputs.random.random() < null:
            return None
        if sparse:
            rows = inputs.random.integers(0, shapes[i][0], inputs.random.integers(0, 2 + shapes[i][0] // 2)).tolist()
            values = [inputs.normal(shapes[i][1:], scale) for _ in rows]
            values = np.reshape(values, [len(rows), *shapes[i][1:]]).tolist() if rows else []
            return {"sparse": {"size": shapes[i], "indices": [rows], "values": values}}
        data = np.asarray(inputs.normal(shapes[i], scale)) + drift[i]
        if special:
            kind = inputs.random.integers(0, 8, len(data))
            data = np.where(kind == 0, 0.0, np.where(kind == 1, 1e-20, np.where(kind == 2, 1e4, data)))
        return np.float32(data).astype(np.float64).tolist()

    made = {
        "name": name,
        "optimizer": optimizer,
        "options": options or {},
        "params": params,
        "groups": groups or [{"params": list(range(len(shapes))), "options": {}}],
        "scheduler": scheduler,
        "record": sorted({r for r in [*RECORD, steps, *([resume, resume + 1] if resume else [])] if r <= steps}),
        "steps": [
            {"grads": [grad(i) for i in range(len(shapes))], **({"metric": round(float(1 / (1 + t) + inputs.random.random() / 8), 6)} if metric else {})}
            for t in range(steps)
        ],
    }
    if resume:
        made["resume"] = {"at": resume, "fresh_options": {"lr": 0.777}}
    made["expected"] = expected(made)
    return made


def two(first, second):
    """Two groups, the second with overrides, out of the order of the parameters."""
    return [{"params": [0, 2], "options": first}, {"params": [1], "options": second}]


TABLE = [
    ("sgd", "SGD", {"lr": 0.05}, {}),
    ("sgd-momentum", "SGD", {"lr": 0.05, "momentum": 0.9}, {"shapes": SIZES, "steps": 20}),
    ("sgd-dampening-wd", "SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}, {"null": 0.3}),
    ("sgd-nesterov-maximize", "SGD", {"lr": 0.02, "momentum": 0.8, "nesterov": True, "maximize": True, "weight_decay": 0.01}, {}),
    ("sgd-groups-resume", "SGD", {"lr": 0.05, "momentum": 0.9}, {"groups": two({}, {"lr": 0.01, "momentum": 0.5, "nesterov": True}), "resume": 17, "null": 0.2}),
    ("sgd-special", "SGD", {"lr": 1e-3, "momentum": 0.9, "weight_decay": 1e-3}, {"special": True}),
    ("adam", "Adam", {"lr": 0.01}, {"shapes": SIZES, "steps": 20}),
    ("adam-amsgrad-wd", "Adam", {"lr": 0.02, "amsgrad": True, "weight_decay": 0.1, "eps": 1e-6}, {"null": 0.3}),
    ("adam-betas-maximize", "Adam", {"lr": 0.01, "betas": [0.3, 0.9], "maximize": True}, {}),
    ("adam-no-momentum", "Adam", {"lr": 0.01, "betas": [0.0, 0.99], "weight_decay": 0.01}, {"special": True}),
    ("adam-decoupled", "Adam", {"lr": 0.03, "decoupled_weight_decay": True, "weight_decay": 0.2}, {"groups": two({"amsgrad": True}, {"weight_decay": 0.0})}),
    ("adam-groups-resume", "Adam", {"lr": 0.01, "amsgrad": True}, {"groups": two({}, {"lr": 0.001, "betas": [0.8, 0.95]}), "resume": 17, "null": 0.2}),
    ("adam-special", "Adam", {"lr": 0.01}, {"special": True}),
    ("adamw", "AdamW", {"lr": 0.01}, {"shapes": SIZES, "steps": 20}),
    ("adamw-amsgrad", "AdamW", {"lr": 0.02, "amsgrad": True, "weight_decay": 0.3}, {"null": 0.3}),
    ("adamw-maximize", "AdamW", {"lr": 0.01, "maximize": True, "betas": [0.95, 0.98], "eps": 1e-4}, {}),
    ("adamw-no-decay", "AdamW", {"lr": 0.01, "weight_decay": 0}, {"special": True}),
    ("adamw-groups-resume", "AdamW", {"lr": 0.01}, {"groups": two({"weight_decay": 0.1}, {"lr": 0.001, "weight_decay": 0.0}), "resume": 9}),
    ("adamw-late-betas", "AdamW", {"lr": 0.01, "betas": [0.5, 0.5]}, {"groups": two({}, {"betas": [0.0, 0.0]}), "special": True}),
    ("adagrad", "Adagrad", {"lr": 0.1}, {"shapes": SIZES, "steps": 20}),
    ("adagrad-decays", "Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1}, {"null": 0.3}),
    ("adagrad-initial", "Adagrad", {"lr": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3}, {"null": 0.5}),
    ("adagrad-maximize", "Adagrad", {"lr": 0.05, "maximize": True, "weight_decay": 0.02}, {}),
    ("adagrad-groups-resume", "Adagrad", {"lr": 0.1, "lr_decay": 0.01}, {"groups": two({}, {"lr": 0.01, "lr_decay": 0.1, "eps": 1e-5}), "resume": 17, "null": 0.2}),
    ("adagrad-special", "Adagrad", {"lr": 0.1}, {"special": True}),
    ("adadelta", "Adadelta", {}, {"shapes": SIZES, "steps": 20}),
    ("adadelta-wd", "Adadelta", {"lr": 0.5, "rho": 0.7, "weight_decay": 0.1}, {"null": 0.3}),
    ("adadelta-rho-one", "Adadelta", {"rho": 1.0, "eps": 1e-3}, {}),
    ("adadelta-maximize", "Adadelta", {"lr": 2.0, "maximize": True, "eps": 1e-4, "weight_decay": 0.01}, {}),
    ("adadelta-groups-resume", "Adadelta", {"rho": 0.95}, {"groups": two({}, {"lr": 0.1, "rho": 0.5}), "resume": 17, "null": 0.2}),
    ("adadelta-special", "Adadelta", {"rho": 0.0}, {"special": True}),
    ("rmsprop", "RMSprop", {}, {"shapes": SIZES, "steps": 20}),
    ("rmsprop-momentum-wd", "RMSprop", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}, {"null": 0.3}),
    ("rmsprop-centered", "RMSprop", {"lr": 0.01, "centered": True, "alpha": 0.9, "eps": 1e-4}, {}),
    ("rmsprop-centered-low-alpha", "RMSprop", {"lr": 0.005, "centered": True, "alpha": 0.4, "momentum": 0.5, "eps": 1e-2}, {}),
    ("rmsprop-maximize", "RMSprop", {"lr": 0.01, "maximize": True, "weight_decay": 0.01}, {}),
    ("rmsprop-groups-resume", "RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.9, "eps": 1e-3}, {"groups": two({}, {"lr": 0.001, "alpha": 0.9}), "resume": 17, "null": 0.2}),
    ("rmsprop-special", "RMSprop", {"lr": 0.01, "momentum": 0.5}, {"special": True}),
]


def cases():
    for name, optimizer, options, rest in TABLE:
        yield case(name, optimizer, options, **rest)
