"""Kind "validation": options that torch rejects, and options that it accepts."""
import torch

import optimizers
import schedulers
from schedulers import s

NUMBERS = {
    "SGD": {"lr": [-1, 0], "momentum": [-0.1, 0, 2.0], "dampening": [-1.0, 1.0], "weight_decay": [-1, 0.5]},
    "Adam": {"lr": [-1e-9, 0], "eps": [-1, 0], "weight_decay": [-0.1, 3.0], "betas": [[-0.1, 0.9], [1.0, 0.9], [0.9, 1.0], [0.9, -0.1], [0.0, 0.0]]},
    "AdamW": {"lr": [-1, 0], "eps": [-1], "weight_decay": [-0.1, 0], "betas": [[1.0, 0.9], [0.9, 1.5]], "amsgrad": [True]},
    "Adagrad": {"lr": [-1, 0], "lr_decay": [-1, 2.0], "weight_decay": [-1], "initial_accumulator_value": [-0.1, 3.0], "eps": [-1e-10, 0]},
    "Adadelta": {"lr": [-1, 0], "rho": [-0.1, 0.0, 1.0, 1.1], "eps": [-1, 0], "weight_decay": [-1]},
    "Adamax": {"lr": [-1, 0], "eps": [-1, 0], "weight_decay": [-1], "betas": [[1.0, 0.9], [0.9, 1.0], [0.0, 0.0]]},
    "ASGD": {"lr": [-1, 0], "weight_decay": [-1], "lambd": [-5, 0], "alpha": [-5, 0], "t0": [-5, 0]},
    "NAdam": {"lr": [-1], "eps": [-1], "weight_decay": [-1], "momentum_decay": [-1, 0], "betas": [[1.0, 0.9], [0.9, 1.0]]},
    "RAdam": {"lr": [-1], "eps": [-1], "weight_decay": [-1], "betas": [[1.0, 0.9], [0.9, 1.0]]},
    "Rprop": {"lr": [-1, 0], "etas": [[0, 1.2], [1.0, 1.2], [0.5, 1.0], [0.5, 1.1], [1.5, 0.5]], "step_sizes": [[-1, 5], [5, 1]]},
    "Adafactor": {"lr": [-1, 0], "beta2_decay": [0.1, 0, -3], "eps": [[-1.0, 1e-3], [None, -1.0], [0.0, 0.0]], "d": [0.9, 1, 7], "weight_decay": [-1]},
    "Muon": {"lr": [-1], "weight_decay": [-1], "momentum": [-1, 0, 1.5], "adjust_lr_fn": ["nope", "original", None], "nesterov": [False]},
    "SparseAdam": {"lr": [-1, 0], "eps": [-1, 0], "betas": [[1.0, 0.9], [0.9, 1.0]]},
    "LBFGS": {"lr": [-1, 0], "max_iter": [0, 1], "max_eval": [1, 100], "history_size": [1], "line_search_fn": ["strong_wolfe", None]},
    "RMSprop": {"lr": [-1, 0], "alpha": [-0.1, 0, 1.5], "eps": [-1, 0], "momentum": [-0.1, 1.5], "weight_decay": [-1], "centered": [True]},
}

MORE = [
    {"optimizer": "SGD", "options": {"nesterov": True}},
    {"optimizer": "SGD", "options": {"nesterov": True, "momentum": 0.9}},
    {"optimizer": "SGD", "options": {"nesterov": True, "momentum": 0.9, "dampening": 0.1}},
    {"optimizer": "SGD", "options": {}, "shapes": []},
    {"optimizer": "SGD", "options": {"momentm": 0.9}},
    {"optimizer": "Adam", "options": {"weightdecay": 0.9}},
    {"optimizer": "AdamW", "options": {"decoupled_weight_decay": False}},
    {"optimizer": "Adam", "options": {"decoupled_weight_decay": True}},
    {"optimizer": "Adam", "options": {}, "shapes": [[2], [3]], "groups": [{"params": [0]}, {"params": [0, 1]}]},
    {"optimizer": "Adam", "options": {}, "shapes": [[2], [3]], "groups": [{"params": [0], "options": {"lr": 0.5}}, {"params": [1]}]},
    {"optimizer": "Adam", "options": {"amsgrad": True}, "shapes": [[2], [3]], "grads": [[1.0, 2.0], None]},
    {"optimizer": "Adam", "options": {}, "shapes": [[4, 2]], "grads": [{"sparse": {"size": [4, 2], "indices": [[1]], "values": [[1.0, 2.0]]}}]},
    {"optimizer": "SGD", "options": {"weight_decay": 0.1}, "shapes": [[4, 2]], "grads": [{"sparse": {"size": [4, 2], "indices": [[1]], "values": [[1.0, 2.0]]}}]},
    {"optimizer": "SGD", "options": {}, "shapes": [[4, 2]], "grads": [{"sparse": {"size": [4, 2], "indices": [[1]], "values": [[1.0, 2.0]]}}]},
    {"optimizer": "Adagrad", "options": {"weight_decay": 0.1}, "shapes": [[4, 2]], "grads": [{"sparse": {"size": [4, 2], "indices": [[1]], "values": [[1.0, 2.0]]}}]},
    {"optimizer": "Adafactor", "options": {}, "shapes": [[4, 2]], "grads": [{"sparse": {"size": [4, 2], "indices": [[1]], "values": [[1.0, 2.0]]}}]},
    {"optimizer": "SparseAdam", "options": {}, "shapes": [[4, 2]], "grads": [[1.0] * 8]},
    {"optimizer": "Muon", "options": {}, "shapes": [[4]]},
    {"optimizer": "Muon", "options": {"ns_steps": 100}, "shapes": [[2, 2]], "grads": [[1.0] * 4]},
    {"optimizer": "LBFGS", "options": {}, "shapes": [[2], [3]], "groups": [{"params": [0]}, {"params": [1]}]},
    {"optimizer": "RMSprop", "options": {"centered": True, "momentum": 0.9}, "shapes": [[]], "grads": [[1.0]]},
]


def attempt(check):
    try:
        params = [torch.zeros(s, dtype=torch.float64, requires_grad=True) for s in check.get("shapes", [[2, 2]])]
        options = optimizers.tuples(check["options"])
        cls = getattr(torch.optim, check["optimizer"])
        groups = check.get("groups")
        given = [{"params": [params[i] for i in g["params"]], **optimizers.tuples(g.get("options", {}))} for g in groups] if groups else params
        optimizer = cls(given, **options)
        if check.get("scheduler"):
            schedulers.build(check["scheduler"], optimizer, check.get("last_epoch", -1))
        if check.get("grads"):
            for p, spec in zip(params, check["grads"]):
                p.grad = optimizers.gradient(spec, list(p.shape), torch.float64)
            optimizer.step()
        return {"error": None}
    except Exception as e:
        return {"error": type(e).__name__, "message": str(e)}


SCHEDULERS = [
    s("LinearLR", start_factor=0), s("LinearLR", start_factor=1.1), s("LinearLR", end_factor=-0.1), s("LinearLR", end_factor=0),
    s("ConstantLR", factor=1.1), s("ConstantLR", factor=-0.1), s("ConstantLR", factor=0),
    s("CosineAnnealingWarmRestarts", T_0=0), s("CosineAnnealingWarmRestarts", T_0=2, T_mult=0), s("CosineAnnealingWarmRestarts", T_0=2),
    s("ReduceLROnPlateau", mode="x"), s("ReduceLROnPlateau", threshold_mode="x"), s("ReduceLROnPlateau", factor=1.0), s("ReduceLROnPlateau", min_lr=[0.1, 0.2]),
    s("CyclicLR", base_lr=0.1, max_lr=0.2, mode="x"), s("CyclicLR", base_lr=[0.1, 0.2], max_lr=0.2), s("CyclicLR", base_lr=0.1, max_lr=0.2),
    s("OneCycleLR", max_lr=0.1, total_steps=0), s("OneCycleLR", max_lr=0.1), s("OneCycleLR", max_lr=0.1, epochs=3), s("OneCycleLR", max_lr=0.1, epochs=3, steps_per_epoch=2),
    s("OneCycleLR", max_lr=0.1, total_steps=10, pct_start=1.5), s("OneCycleLR", max_lr=0.1, total_steps=10, anneal_strategy="x"), s("OneCycleLR", max_lr=[0.1], total_steps=10),
    s("SWALR", swa_lr=0.1, anneal_strategy="x"), s("SWALR", swa_lr=0.1, anneal_epochs=-1), s("SWALR", swa_lr=[0.1, 0.2]),
    s("LambdaLR", lr_lambda=[{"table": [1]}, {"table": [1]}]), s("MultiplicativeLR", lr_lambda=[{"table": [1]}, {"table": [1]}]),
    s("ChainedScheduler"), s("SequentialLR", milestones=[]), s("SequentialLR", s("StepLR", step_size=2), milestones=[3]),
    s("SequentialLR", s("StepLR", step_size=2), s("ReduceLROnPlateau"), milestones=[3]), s("ChainedScheduler", s("ReduceLROnPlateau")),
    s("StepLR"), s("ExponentialLR"), s("StepLR", step_size=2, gama=0.1),
]


def cases():
    checks = [{"optimizer": "SGD", "options": {"lr": 0.1}, "scheduler": spec} for spec in SCHEDULERS]
    checks += [{"optimizer": "SGD", "options": {"lr": 0.1}, "scheduler": s("StepLR", step_size=2), "last_epoch": 3}]
    checks += [{"optimizer": "Adagrad", "options": {}, "scheduler": spec} for spec in (s("OneCycleLR", max_lr=0.1, total_steps=10), s("CyclicLR", base_lr=0.1, max_lr=0.2))]
    yield {"name": "validation-schedulers", "checks": checks, "expected": {"checks": [attempt(check) for check in checks]}}
    for name, options in NUMBERS.items():
        shapes = {"shapes": [[2, 3]]} if name == "Muon" else {}
        checks = [{"optimizer": name, "options": {key: value}, **shapes} for key, values in options.items() for value in values]
        checks += [check for check in MORE if check["optimizer"] == name]
        yield {"name": f"validation-{name.lower()}", "checks": checks, "expected": {"checks": [attempt(check) for check in checks]}}
