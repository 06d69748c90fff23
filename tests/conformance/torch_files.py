"""Kind "torch-file": torch's files after 10 steps, and its parameters after 20. The files are next to each case."""
import io

import numpy as np
import torch
from safetensors.torch import save

import schedulers
from optimizers import default_dtype, gradient, newton_schulz_in, objective, tuples
from written import Inputs, error, flat, largest, read

SAVED, STEPS = 10, 20
SHAPES = [[3, 2], [4], [], [2, 1, 2, 2]]
MATRICES = [[3, 4], [4, 2]]
ROWS = [[5, 2], [4]]
FACTORED = [[3, 4], [2, 1, 3, 2], [5], []]


def build(case, params):
    """Returns the optimizer of a case; with `named` its parameters have names."""
    named = list(zip(case["names"], params)) if case["named"] else params
    groups = [{"params": [named[i] for i in g["params"]], **tuples(g["options"])} for g in case["groups"]]
    cls = getattr(torch.optim, case["optimizer"])
    return cls(groups, **tuples(case["options"]))


def run(case, dtype):
    """Returns the parameters after 10 and 20 steps, the files after 10, and the learning rates after 20."""
    with default_dtype(dtype), newton_schulz_in(dtype):
        params = [torch.tensor(data, dtype=dtype).reshape(shape).requires_grad_() for data, shape in zip(case["initial_params"], case["shapes"])]
        optimizer = build(case, params)
        scheduler = schedulers.build(case["scheduler"], optimizer) if case["scheduler"] else None
        out = {}
        grads = case["grads_1_to_10"] + case["grads_11_to_20"] if "grads_1_to_10" in case else [None] * STEPS
        for t, step in enumerate(grads):
            if step is None:
                optimizer.step(lambda: objective(case["objective"], params))
            else:
                for p, spec, shape in zip(params, step, case["shapes"]):
                    p.grad = gradient(spec, shape, dtype)
                optimizer.step()
            if scheduler:
                scheduler.step(*metric(case, t))
            if t + 1 == SAVED:
                out["after_10"] = [flat(p) for p in params]
                out["files"] = files(case, params, optimizer, scheduler)
        return out | {"after_20": [flat(p) for p in params], "lr": [float(g["lr"]) for g in optimizer.param_groups]}


def metric(case, t):
    """The argument of scheduler.step, which only ReduceLROnPlateau takes."""
    series = [*case.get("metrics_1_to_10", []), *case.get("metrics_11_to_20", [])]
    return read(series[t : t + 1])


def files(case, params, optimizer, scheduler):
    model = {name: p.detach().clone() for name, p in zip(case["names"], params)}
    bundle = {"model": model, "optimizer": optimizer.state_dict(), "epoch": SAVED}
    if scheduler:
        bundle["scheduler"] = scheduler.state_dict()
    buffer = io.BytesIO()
    torch.save(bundle if case["bundle"] else bundle["optimizer"], buffer)
    return {case["file"]: buffer.getvalue(), case["safetensors"]: save(model)}


def expected(case):
    exact, single = run(case, torch.float64), run(case, torch.float32)
    scales = [max(map(largest, values)) for values in zip(case["initial_params"], exact["after_10"], exact["after_20"])]
    worst = max(error(a, b, scale) for a, b, scale in zip(single["after_20"], exact["after_20"], scales))
    case |= {"params_after_10": single["after_10"], "files": single["files"]}
    each = {name: {"params_after_20": result["after_20"], "lr_after_20": result["lr"]} for name, result in (("float32", single), ("float64", exact))}
    return each | {"float32_error": worst}


def case(name, optimizer, options=None, *, shapes=SHAPES, groups=None, scheduler=None, bundle=True, named=False, null=0.0, sparse=False, metrics=None, spec=None):
    inputs = Inputs(name)

    def grad(shape):
        if inputs.random.random() < null:
            return None
        if not sparse:
            return inputs.normal(shape, 0.25)
        rows = inputs.random.integers(0, shape[0], inputs.random.integers(0, shape[0])).tolist()
        return {"sparse": {"size": shape, "indices": [rows], "values": np.reshape([inputs.normal(shape[1:], 0.25) for _ in rows], [len(rows), *shape[1:]]).tolist()}}

    made = {
        "name": name,
        "optimizer": optimizer,
        "options": options or {},
        "groups": groups or [{"params": list(range(len(shapes))), "options": {}}],
        "scheduler": scheduler,
        "names": [f"{'encoder' if i % 2 == 0 else 'head'}.{i}.weight" for i in range(len(shapes))],
        "shapes": shapes,
        "file": f"{name}.pt",
        "safetensors": f"{name}.safetensors",
        "bundle": bundle,
        "named": named,
        "initial_params": [inputs.normal(shape, 0.5) for shape in shapes],
    }
    if spec:
        made |= {"objective": spec(inputs), "num_steps": STEPS}
    else:
        made |= {key: [[grad(shape) for shape in shapes] for _ in range(10)] for key in ("grads_1_to_10", "grads_11_to_20")}
    if metrics:
        made |= {"metrics_1_to_10": metrics[:SAVED], "metrics_11_to_20": metrics[SAVED:]}
    made["expected"] = expected(made)
    return made


def quadratic(size):
    def spec(inputs):
        b = np.asarray(inputs.normal([size, size])).reshape(size, size)
        return {"kind": "quadratic", "A": (b @ b.T / size + np.diag(np.arange(1, size + 1) / 2)).tolist(), "b": inputs.normal([size])}

    return spec


def s(name, *inner, **options):
    return {"name": name, "options": options, **({"schedulers": list(inner)} if inner else {})}


TABLE_20 = {"table": [1 / (1 + t / 4) for t in range(STEPS + 2)]}
PAIRS = [{"params": [0, 2], "options": {"weight_decay": 0.1}}, {"params": [3, 1], "options": {"lr": 0.02}}]

FALLING = [round(2 ** (-t / 4), 3) if t < 4 else 0.5 for t in range(STEPS)]
DIVERGING = ["Infinity", 1.0, "NaN", 0.5, "NaN", "Infinity", "NaN", 0.5, 0.25, "NaN"] * 2

TABLE = [
    ("adadelta-lambda", "Adadelta", {"weight_decay": 0.01}, {"scheduler": s("LambdaLR", lr_lambda=TABLE_20)}),
    ("adafactor-cosine", "Adafactor", {"lr": 0.1}, {"shapes": FACTORED, "scheduler": s("CosineAnnealingLR", T_max=25, eta_min=1e-3)}),
    ("adagrad-sparse-step", "Adagrad", {"lr": 0.1, "lr_decay": 0.02, "initial_accumulator_value": 0.1}, {"shapes": ROWS, "sparse": True, "scheduler": s("StepLR", step_size=4, gamma=0.5)}),
    ("adam-named-onecycle", "Adam", {"amsgrad": True}, {"named": True, "groups": PAIRS, "scheduler": s("OneCycleLR", max_lr=[0.05, 0.02], total_steps=25)}),
    ("adam-swa", "Adam", {"lr": 0.02, "weight_decay": 0.1}, {"scheduler": s("SWALR", swa_lr=0.005, anneal_epochs=12)}),
    ("adamax-multistep", "Adamax", {"lr": 0.02}, {"scheduler": s("MultiStepLR", milestones=[3, 12, 12, 15], gamma=0.5)}),
    ("adamw-groups", "AdamW", {"lr": 0.01, "betas": [0.8, 0.95]}, {"bundle": False, "groups": PAIRS, "null": 0.25}),
    ("asgd-linear", "ASGD", {"lr": 0.05, "t0": 5, "lambd": 0.01}, {"scheduler": s("LinearLR", start_factor=0.25, total_iters=15)}),
    ("lbfgs-wolfe", "LBFGS", {"max_iter": 2, "history_size": 4, "line_search_fn": "strong_wolfe"}, {"shapes": [[3, 2], [1]], "bundle": False, "spec": quadratic(7)}),
    ("lbfgs-bundle", "LBFGS", {"lr": 0.5, "max_iter": 2}, {"shapes": [[2, 2], []], "spec": quadratic(5)}),
    ("muon-polynomial", "Muon", {"lr": 0.05}, {"shapes": MATRICES, "scheduler": s("PolynomialLR", total_iters=30, power=2.0)}),
    ("nadam-restarts", "NAdam", {"lr": 0.02, "momentum_decay": 0.02}, {"scheduler": s("CosineAnnealingWarmRestarts", T_0=4, T_mult=2)}),
    ("radam-sequential", "RAdam", {"lr": 0.02}, {"scheduler": s("SequentialLR", s("LinearLR", start_factor=0.1, total_iters=5), s("CosineAnnealingLR", T_max=20), milestones=[5])}),
    ("rmsprop-cyclic", "RMSprop", {"momentum": 0.5, "centered": True, "eps": 1e-3}, {"scheduler": s("CyclicLR", base_lr=0.002, max_lr=0.02, step_size_up=4)}),
    ("rprop-plain", "Rprop", {"lr": 0.02}, {"bundle": False}),
    ("sgd-chained", "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"scheduler": s("ChainedScheduler", s("ConstantLR", factor=0.5, total_iters=12), s("ExponentialLR", gamma=0.95))}),
    ("sgd-multiplicative", "SGD", {"lr": 0.2}, {"scheduler": s("MultiplicativeLR", lr_lambda=TABLE_20)}),
    ("sgd-plateau", "SGD", {"lr": 0.1, "momentum": 0.5, "dampening": 0.1}, {"metrics": FALLING, "scheduler": s("ReduceLROnPlateau", patience=2, factor=0.5)}),
    ("sgd-plateau-nonfinite", "SGD", {"lr": 0.1}, {"metrics": DIVERGING, "bundle": False, "scheduler": s("ReduceLROnPlateau", patience=1, factor=0.5)}),
    ("sparseadam-named", "SparseAdam", {"lr": 0.02}, {"shapes": ROWS, "sparse": True, "named": True, "scheduler": s("ExponentialLR", gamma=0.9)}),
]


def cases():
    for name, optimizer, options, more in TABLE:
        yield case(f"file-{name}", optimizer, options, **more)
