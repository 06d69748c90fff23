"""Kind "optimizer": trajectories of torch's optimizers for given gradients."""
import contextlib
import sys

import numpy as np
import torch

import schedulers
from written import Inputs, error, flat, largest, tensor, write

RECORD = [1, 2, 3, 5, 10, 20, 40]
SHAPES = [[17], [3, 5], [1]]
SIZES = [[1], [3], [5], [7], [17], [67]]
MATRICES = [[7, 5], [3, 4, 5], [17], [], [2, 1, 3, 3]]
MUON = [[3, 5], [5, 3], [4, 4], [1, 7], [9, 2]]
ROWS = [[9, 4], [17], [5, 2, 3]]


@contextlib.contextmanager
def default_dtype(dtype):
    """Sets torch's default dtype, so that its own scalars (step, mu_product, eta) are float64 in a float64 run."""
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
    path = {} if cls in (torch.optim.SparseAdam, torch.optim.Muon) else {"foreach": False}
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
    """Returns the value of an LBFGS case's objective and sets the gradients."""
    x = torch.cat([p.reshape(-1) for p in params])
    if spec["kind"] == "quadratic":
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


@contextlib.contextmanager
def newton_schulz_in(dtype):
    """Makes Muon iterate in the parameter's dtype. torch always iterates in bfloat16."""
    module = sys.modules["torch.optim._muon"]
    before = module._zeropower_via_newtonschulz

    def iterate(grad, coefficients, steps, eps):
        a, b, c = coefficients
        x = grad.to(dtype)
        tall = x.size(0) > x.size(1)
        x = x.T if tall else x
        x = x / x.norm().clamp(min=eps)
        for _ in range(steps):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x.T if tall else x

    module._zeropower_via_newtonschulz = iterate
    try:
        yield
    finally:
        module._zeropower_via_newtonschulz = before


def run(case, dtype, nudge=None):
    with default_dtype(dtype), newton_schulz_in(dtype):
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
    """Returns torch's results in both dtypes, its own float32 error, and the sensitivity of the float64 result."""
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
        **({"float32_exact_ns_error": worst(single)} if case["optimizer"] == "Muon" else {}),
        "float64_sensitivity": sensitivity,
        "judge": {"float64_rtol": rtol},
    }


def case(name, optimizer, options=None, *, shapes=SHAPES, groups=None, steps=40, null=0.0, scale=0.1, special=False, resume=None, scheduler=None, sparse=False, metric=False):
    """Returns a case. null: share of missing gradients; special: include 0, 1e-20 and 1e4; sparse: gradients are rows of the first axis."""
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
    """Returns two groups with options. Their parameters are out of order."""
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
    ("adamax", "Adamax", {}, {"shapes": SIZES, "steps": 20}),
    ("adamax-wd-maximize", "Adamax", {"lr": 0.05, "weight_decay": 0.1, "maximize": True, "eps": 1e-3}, {"null": 0.3}),
    ("adamax-betas", "Adamax", {"lr": 0.01, "betas": [0.2, 0.5]}, {"special": True}),
    ("adamax-groups-resume", "Adamax", {"lr": 0.01}, {"groups": two({}, {"lr": 0.1, "betas": [0.95, 0.9]}), "resume": 17, "null": 0.2}),
    ("asgd", "ASGD", {"lr": 0.05}, {"shapes": SIZES, "steps": 20}),
    ("asgd-averaging", "ASGD", {"lr": 0.1, "t0": 5, "lambd": 0.01, "alpha": 0.6, "weight_decay": 0.1}, {"null": 0.3}),
    ("asgd-maximize", "ASGD", {"lr": 0.02, "maximize": True, "t0": 0}, {"special": True}),
    ("asgd-groups-resume", "ASGD", {"lr": 0.05, "t0": 10}, {"groups": two({}, {"lr": 0.2, "t0": 3, "lambd": 0.1}), "resume": 17, "null": 0.2}),
    ("asgd-scheduler", "ASGD", {"lr": 0.05, "t0": 4}, {"scheduler": {"name": "StepLR", "options": {"step_size": 3, "gamma": 0.5}}}),
    ("nadam", "NAdam", {}, {"shapes": SIZES, "steps": 20}),
    ("nadam-wd-maximize", "NAdam", {"lr": 0.02, "weight_decay": 0.1, "maximize": True, "momentum_decay": 0.05}, {"null": 0.3}),
    ("nadam-decoupled", "NAdam", {"lr": 0.02, "weight_decay": 0.3, "decoupled_weight_decay": True, "eps": 1e-4}, {}),
    ("nadam-betas", "NAdam", {"lr": 0.01, "betas": [0.3, 0.6], "momentum_decay": 0}, {"special": True}),
    ("nadam-groups-resume", "NAdam", {"lr": 0.01}, {"groups": two({}, {"lr": 0.1, "betas": [0.95, 0.9]}), "resume": 17, "null": 0.2}),
    ("radam", "RAdam", {}, {"shapes": SIZES, "steps": 20}),
    ("radam-wd-maximize", "RAdam", {"lr": 0.02, "weight_decay": 0.1, "maximize": True}, {"null": 0.3}),
    ("radam-decoupled", "RAdam", {"lr": 0.02, "weight_decay": 0.3, "decoupled_weight_decay": True, "eps": 1e-4, "betas": [0.9, 0.99]}, {}),
    ("radam-betas", "RAdam", {"lr": 0.01, "betas": [0.3, 0.6]}, {"special": True}),
    ("radam-groups-resume", "RAdam", {"lr": 0.01}, {"groups": two({}, {"lr": 0.1, "betas": [0.95, 0.9]}), "resume": 4, "null": 0.2}),
    ("rprop", "Rprop", {}, {"shapes": SIZES, "steps": 20}),
    ("rprop-maximize", "Rprop", {"lr": 0.05, "maximize": True, "etas": [0.3, 1.5]}, {"null": 0.3}),
    ("rprop-step-sizes", "Rprop", {"lr": 0.5, "step_sizes": [0.01, 0.2]}, {"special": True}),
    ("rprop-groups-resume", "Rprop", {"lr": 0.01}, {"groups": two({}, {"lr": 0.1, "etas": [0.7, 1.1]}), "resume": 17, "null": 0.2}),
    ("adafactor", "Adafactor", {}, {"shapes": MATRICES}),
    ("adafactor-eps", "Adafactor", {"lr": 0.5, "eps": [1e-8, 1e-2], "d": 1.5, "weight_decay": 0.1}, {"null": 0.3}),
    ("adafactor-maximize", "Adafactor", {"lr": 0.05, "beta2_decay": -0.5, "maximize": True}, {"special": True}),
    ("adafactor-groups-resume", "Adafactor", {"lr": 0.1}, {"groups": two({}, {"lr": 0.01, "beta2_decay": -0.9}), "resume": 17, "null": 0.2}),
    ("adafactor-scheduler", "Adafactor", {"lr": 0.3}, {"shapes": MATRICES, "scheduler": {"name": "CosineAnnealingLR", "options": {"T_max": 40}}}),
    ("muon", "Muon", {"lr": 0.02}, {"shapes": MUON, "steps": 20}),
    ("muon-plain", "Muon", {"lr": 0.05, "nesterov": False, "momentum": 0.8, "weight_decay": 0}, {"shapes": MUON, "steps": 20, "null": 0.2}),
    ("muon-rms", "Muon", {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3}, {"shapes": MUON, "steps": 20}),
    ("muon-coefficients", "Muon", {"lr": 0.02, "ns_coefficients": [3.0, -3.2, 1.2], "ns_steps": 6, "adjust_lr_fn": "original"}, {"shapes": MUON, "steps": 20}),
    ("muon-groups-resume", "Muon", {"lr": 0.02}, {"shapes": MUON[:3], "steps": 20, "groups": two({}, {"lr": 0.1, "nesterov": False}), "resume": 9}),
    ("sparseadam", "SparseAdam", {"lr": 0.01}, {"shapes": ROWS, "sparse": True}),
    ("sparseadam-maximize", "SparseAdam", {"lr": 0.02, "maximize": True, "eps": 1e-4, "betas": [0.5, 0.9]}, {"shapes": ROWS, "sparse": True, "null": 0.3}),
    ("sparseadam-betas", "SparseAdam", {"lr": 0.02, "betas": [0.0, 0.3]}, {"shapes": ROWS, "sparse": True}),
    ("sparseadam-groups-resume", "SparseAdam", {"lr": 0.01}, {"shapes": ROWS, "sparse": True, "groups": two({}, {"lr": 0.1}), "resume": 17, "null": 0.2}),
    ("adagrad-sparse-groups", "Adagrad", {"lr": 0.1, "lr_decay": 0.02, "maximize": True}, {"shapes": ROWS, "sparse": True, "groups": two({}, {"lr": 0.02}), "resume": 11}),
    ("sgd-sparse", "SGD", {"lr": 0.1}, {"shapes": ROWS, "sparse": True, "null": 0.2}),
    ("sgd-sparse-momentum", "SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}, {"shapes": ROWS, "sparse": True}),
    ("sgd-sparse-nesterov", "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True}, {"shapes": ROWS, "sparse": True, "null": 0.2}),
    ("sgd-cyclic", "SGD", {"lr": 0.1, "momentum": 0.5}, {"groups": two({}, {"lr": 0.02}), "scheduler": {"name": "CyclicLR", "options": {"base_lr": 0.01, "max_lr": [0.1, 0.2], "step_size_up": 7, "mode": "triangular2"}}, "resume": 15}),
    ("sgd-plateau", "SGD", {"lr": 0.1, "momentum": 0.9}, {"scheduler": {"name": "ReduceLROnPlateau", "options": {"patience": 1, "factor": 0.5}}, "metric": True, "resume": 20}),
    ("adamw-onecycle", "AdamW", {"lr": 0.01}, {"groups": two({"weight_decay": 0.1}, {"weight_decay": 0.0}), "scheduler": {"name": "OneCycleLR", "options": {"max_lr": [0.05, 0.02], "total_steps": 45}}, "resume": 17}),
    ("adam-warmup-cosine", "Adam", {"lr": 0.02}, {"scheduler": {"name": "SequentialLR", "options": {"milestones": [8]}, "schedulers": [{"name": "LinearLR", "options": {"start_factor": 0.1, "total_iters": 8}}, {"name": "CosineAnnealingLR", "options": {"T_max": 30}}]}, "resume": 20}),
    ("rmsprop-cyclic", "RMSprop", {"lr": 0.01, "momentum": 0.5}, {"scheduler": {"name": "CyclicLR", "options": {"base_lr": 0.001, "max_lr": 0.02, "step_size_up": 5, "step_size_down": 9, "mode": "exp_range", "gamma": 0.98}}}),
    ("nadam-restarts", "NAdam", {"lr": 0.02}, {"scheduler": {"name": "CosineAnnealingWarmRestarts", "options": {"T_0": 6, "T_mult": 2}}, "resume": 13}),
    ("adagrad-linear", "Adagrad", {"lr": 0.2}, {"scheduler": {"name": "LinearLR", "options": {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 30}}}),
]

#: name, options, objective, shapes, steps
LBFGS = [
    ("lbfgs-quadratic", {}, "quadratic", [[3, 2], [1]], 6),
    ("lbfgs-quadratic-wolfe", {"line_search_fn": "strong_wolfe", "max_iter": 4}, "quadratic", [[7]], 6),
    ("lbfgs-short-history", {"history_size": 2, "max_iter": 3, "lr": 0.5}, "quadratic", [[5], [2, 2]], 10),
    ("lbfgs-rosenbrock", {"lr": 0.001, "max_iter": 5}, "rosenbrock", [[2], [2]], 8),
    ("lbfgs-rosenbrock-wolfe", {"line_search_fn": "strong_wolfe", "max_iter": 4, "max_eval": 12}, "rosenbrock", [[4]], 6),
    ("lbfgs-early-stop", {"tolerance_grad": 1e-2, "line_search_fn": "strong_wolfe"}, "quadratic", [[4]], 4),
    ("lbfgs-resume", {"max_iter": 3, "line_search_fn": "strong_wolfe"}, "quadratic", [[6]], 8),
]


def lbfgs(name, options, objective, shapes, steps):
    inputs = Inputs(name)
    size = sum(int(np.prod(s)) for s in shapes)
    if objective == "quadratic":
        b = np.asarray(inputs.normal([size, size])).reshape(size, size)
        spec = {"kind": "quadratic", "A": (b @ b.T / size + np.diag(np.arange(1, size + 1) / 2)).tolist(), "b": inputs.normal([size])}
    else:
        spec = {"kind": "rosenbrock"}
    made = {
        "name": name,
        "optimizer": "LBFGS",
        "options": options,
        "params": [{"shape": s, "data": inputs.normal(s, 0.5)} for s in shapes],
        "groups": [{"params": list(range(len(shapes))), "options": {}}],
        "scheduler": None,
        "record": list(range(1, steps + 1)),
        "num_steps": steps,
        "objective": spec,
    }
    if name.endswith("resume"):
        made["resume"] = {"at": steps // 2, "fresh_options": {"lr": 0.777}}
    made["expected"] = expected(made)
    return made


def cases():
    for name, optimizer, options, rest in TABLE:
        yield case(name, optimizer, options, **rest)
    for row in LBFGS:
        yield lbfgs(*row)
