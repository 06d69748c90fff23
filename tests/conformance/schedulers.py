"""Builds schedulers from specs. Kind "scheduler": the learning rates of torch's schedulers, call by call."""
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

from written import Inputs, read, write


def function(value):
    """Converts {table: …} to the function f(x) = table[floor(x)]."""
    if isinstance(value, dict) and "table" in value:
        return lambda x: value["table"][int(x // 1)]
    return [function(v) for v in value] if isinstance(value, list) else value


def build(spec, optimizer, last_epoch=-1):
    name, options = spec["name"], {k: function(v) for k, v in spec.get("options", {}).items()}
    inner = [build(s, optimizer) for s in spec.get("schedulers", [])]
    if name == "ChainedScheduler":
        return lr_scheduler.ChainedScheduler(inner, optimizer)
    if name == "SequentialLR":
        return lr_scheduler.SequentialLR(optimizer, inner, **options)
    cls = SWALR if name == "SWALR" else getattr(lr_scheduler, name)
    if last_epoch != -1:
        options["last_epoch"] = last_epoch
    return cls(optimizer, **options)


def state_of(scheduler):
    return write(scheduler.state_dict())


def run(case):
    import optimizers

    with optimizers.default_dtype(torch.float64):
        params = [torch.tensor(p["data"]).reshape(p["shape"]).requires_grad_() for p in case["params"]]
        optimizer = optimizers.build(case, params, case["options"])
        for group, values in zip(optimizer.param_groups, case.get("initial_state", [])):
            group.update(values)
        scheduler = build(case["scheduler"], optimizer, case.get("last_epoch", -1))
        out = {"lr": [], "last_lr": []}

        def note():
            out["lr"].append([float(g["lr"]) for g in optimizer.param_groups])
            out["last_lr"].append([float(x) for x in scheduler.get_last_lr()])
            for key in ("momentum", "betas"):
                if any(key in g for g in optimizer.param_groups):
                    out.setdefault(key, []).append([write(g.get(key, 0)) for g in optimizer.param_groups])

        note()
        for i, call in enumerate(case["calls"]):
            if case.get("resume") and i == case["resume"]["at"]:
                saved = optimizer.state_dict(), scheduler.state_dict()
                optimizer = optimizers.build(case, params, case["options"])
                scheduler = build(case["scheduler"], optimizer)
                optimizer.load_state_dict(saved[0])
                scheduler.load_state_dict(saved[1])
            for p in params:
                p.grad = torch.zeros_like(p)
            optimizer.step()
            scheduler.step(*read(call.values()))
            note()
        out["state"] = state_of(scheduler)
        out["param_group_keys"] = [sorted(k for k in g if k != "params") for g in optimizer.param_groups]
        return out


def case(name, spec, calls=30, optimizer="SGD", options=None, resume=None, metrics=False, epochs=None, **more):
    inputs = Inputs(name)
    if isinstance(metrics, list):
        made_calls = [{"metric": metric} for metric in metrics]
    elif metrics:
        made_calls = [{"metric": round(float(2 / (1 + t / 4) + inputs.random.random() / 4), 6)} for t in range(calls)]
    else:
        made_calls = [{"epoch": e} for e in epochs] if epochs else [{} for _ in range(calls)]
    made = {
        "name": name,
        "optimizer": optimizer,
        "options": options or {"lr": 0.1},
        "params": [{"shape": [1], "data": [1.0]}] * 2,
        "groups": [{"params": [0], "options": {}}, {"params": [1], "options": {"lr": 0.03}}],
        "scheduler": spec,
        "calls": made_calls,
        **({"resume": {"at": resume}} if resume else {}),
        **more,
    }
    made["expected"] = {"float64": run(made)}
    return made


def s(name, *schedulers, **options):
    return {"name": name, **({"options": options} if options else {}), **({"schedulers": list(schedulers)} if schedulers else {})}


MOMENTUM = {"lr": 0.1, "momentum": 0.9}
TABLE_ = {"table": [round(0.95**i, 6) for i in range(80)]}
LATE = [{"lr": 0.04, "initial_lr": 0.1}, {"lr": 0.012, "initial_lr": 0.03}]

TABLE = [
    ("lambda", s("LambdaLR", lr_lambda=TABLE_), {}),
    ("lambda-two", s("LambdaLR", lr_lambda=[TABLE_, {"table": [1.0, 0.5] * 40}]), {"resume": 11}),
    ("lambda-late", s("LambdaLR", lr_lambda=TABLE_), {"last_epoch": 4, "initial_state": LATE}),
    ("multiplicative", s("MultiplicativeLR", lr_lambda=TABLE_), {}),
    ("multiplicative-two", s("MultiplicativeLR", lr_lambda=[TABLE_, {"table": [1.0, 0.9] * 40}]), {"resume": 11}),
    ("multiplicative-late", s("MultiplicativeLR", lr_lambda=TABLE_), {"last_epoch": 4, "initial_state": LATE}),
    ("step", s("StepLR", step_size=4), {}),
    ("step-resume", s("StepLR", step_size=7, gamma=0.7), {"resume": 11}),
    ("step-late", s("StepLR", step_size=5, gamma=0.5), {"last_epoch": 4, "initial_state": LATE}),
    ("step-epochs", s("StepLR", step_size=3, gamma=0.5), {"epochs": [2, 5, 3, 9, 30]}),
    ("multistep", s("MultiStepLR", milestones=[3, 8, 8, 20]), {}),
    ("multistep-resume", s("MultiStepLR", milestones=[20, 5], gamma=0.3), {"resume": 11}),
    ("multistep-epochs", s("MultiStepLR", milestones=[3, 8, 8], gamma=0.5), {"epochs": [2, 8, 3, 7, 30]}),
    ("constant", s("ConstantLR"), {}),
    ("constant-resume", s("ConstantLR", factor=0.25, total_iters=13), {"resume": 11}),
    ("constant-zero-iters", s("ConstantLR", factor=0.5, total_iters=0), {}),
    ("linear", s("LinearLR"), {}),
    ("linear-down", s("LinearLR", start_factor=1.0, end_factor=0.1, total_iters=20), {"resume": 11}),
    ("linear-epochs", s("LinearLR", start_factor=0.2, total_iters=10), {"epochs": [2, 8, 3, 7, 30]}),
    ("linear-late", s("LinearLR", start_factor=0.2, total_iters=10), {"last_epoch": 4, "initial_state": LATE}),
    ("exponential", s("ExponentialLR", gamma=0.9), {}),
    ("exponential-resume", s("ExponentialLR", gamma=1.05), {"resume": 11}),
    ("exponential-epochs", s("ExponentialLR", gamma=0.8), {"epochs": [2, 8, 3, 7, 30]}),
    ("polynomial", s("PolynomialLR", total_iters=20), {}),
    ("polynomial-power", s("PolynomialLR", total_iters=25, power=0.9), {"resume": 11}),
    ("polynomial-epochs", s("PolynomialLR", total_iters=10, power=2.0), {"epochs": [2, 8, 3, 7, 30]}),
    ("cosine", s("CosineAnnealingLR", T_max=20), {"calls": 70}),
    ("cosine-min", s("CosineAnnealingLR", T_max=7, eta_min=0.01), {"resume": 11}),
    ("cosine-one", s("CosineAnnealingLR", T_max=1, eta_min=0.05), {}),
    ("cosine-late", s("CosineAnnealingLR", T_max=20), {"last_epoch": 7, "initial_state": LATE}),
    ("cosine-epochs", s("CosineAnnealingLR", T_max=10), {"epochs": [2, 8, 3, 7, 30]}),
    ("restarts", s("CosineAnnealingWarmRestarts", T_0=7), {"calls": 40}),
    ("restarts-longer", s("CosineAnnealingWarmRestarts", T_0=3, T_mult=2, eta_min=0.001), {"calls": 60, "resume": 20}),
    ("restarts-epochs", s("CosineAnnealingWarmRestarts", T_0=5, T_mult=3), {"epochs": [0, 0.5, 4.75, 5.5, 11, 21, 30.25, 80]}),
    ("restarts-late", s("CosineAnnealingWarmRestarts", T_0=6), {"last_epoch": 3, "initial_state": LATE}),
    ("cyclic", s("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=6), {"options": MOMENTUM}),
    ("cyclic-triangular2", s("CyclicLR", base_lr=[0.01, 0.002], max_lr=[0.1, 0.2], step_size_up=4, step_size_down=9, mode="triangular2"), {"options": MOMENTUM, "calls": 60, "resume": 20}),
    ("cyclic-exp-range", s("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, mode="exp_range", gamma=0.97, base_momentum=0.7, max_momentum=[0.95, 0.9]), {"options": MOMENTUM}),
    ("cyclic-beta1", s("CyclicLR", base_lr=0.001, max_lr=0.01, step_size_up=5), {"optimizer": "Adam", "options": {"lr": 0.01}}),
    ("cyclic-no-momentum", s("CyclicLR", base_lr=0.001, max_lr=0.01, step_size_up=5, cycle_momentum=False), {"optimizer": "Adagrad", "options": {"lr": 0.01}}),
    ("cyclic-function", s("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, scale_fn=TABLE_, scale_mode="iterations"), {"options": MOMENTUM}),
    ("onecycle", s("OneCycleLR", max_lr=[0.2, 0.05], total_steps=30), {"options": MOMENTUM, "calls": 30}),
    ("onecycle-linear", s("OneCycleLR", max_lr=0.2, epochs=4, steps_per_epoch=8, anneal_strategy="linear", pct_start=0.25), {"options": MOMENTUM, "resume": 11}),
    ("onecycle-three-phase", s("OneCycleLR", max_lr=0.2, total_steps=31, three_phase=True, div_factor=10.0, final_div_factor=100.0), {"optimizer": "AdamW", "options": {"lr": 0.01}}),
    ("onecycle-no-momentum", s("OneCycleLR", max_lr=0.2, total_steps=31, cycle_momentum=False), {"optimizer": "Adadelta", "options": {"lr": 0.01}}),
    ("plateau", s("ReduceLROnPlateau", patience=2), {"metrics": True, "calls": 60}),
    ("plateau-abs-max", s("ReduceLROnPlateau", mode="max", threshold_mode="abs", threshold=0.01, factor=0.5, patience=1, cooldown=3, min_lr=[0.01, 0.02]), {"metrics": True, "calls": 60, "resume": 20}),
    ("plateau-eps", s("ReduceLROnPlateau", factor=0.9, patience=0, eps=1e-2), {"metrics": True, "calls": 40}),
    ("plateau-nonfinite", s("ReduceLROnPlateau", patience=1, threshold_mode="abs"), {"metrics": ["Infinity", 1.0, "NaN", 0.5, "NaN", "NaN", "-Infinity", 0.25, "NaN"] * 2}),
    ("chained", s("ChainedScheduler", s("ConstantLR", factor=0.1, total_iters=5), s("ExponentialLR", gamma=0.9)), {"resume": 11}),
    ("chained-three", s("ChainedScheduler", s("LinearLR", total_iters=8), s("StepLR", step_size=6, gamma=0.5), s("CosineAnnealingLR", T_max=25)), {}),
    ("chained-nested", s("ChainedScheduler", s("ChainedScheduler", s("LinearLR", total_iters=8), s("ExponentialLR", gamma=0.95)), s("StepLR", step_size=9)), {"resume": 5}),
    ("sequential", s("SequentialLR", s("LinearLR", start_factor=0.01, total_iters=10), s("CosineAnnealingLR", T_max=50, eta_min=1e-4), milestones=[10]), {"calls": 70}),
    ("sequential-three", s("SequentialLR", s("ConstantLR", total_iters=4), s("ExponentialLR", gamma=0.9), s("StepLR", step_size=3), milestones=[4, 15]), {"resume": 11}),
    ("sequential-restarts", s("SequentialLR", s("LinearLR", total_iters=6), s("CosineAnnealingWarmRestarts", T_0=5), milestones=[6]), {"resume": 11}),
    ("sequential-nested", s("SequentialLR", s("ChainedScheduler", s("LinearLR", total_iters=8), s("ExponentialLR", gamma=0.95)), s("PolynomialLR", total_iters=20), milestones=[9]), {"resume": 5}),
    ("sequential-onecycle", s("SequentialLR", s("OneCycleLR", max_lr=0.2, total_steps=15), s("ExponentialLR", gamma=0.9), milestones=[14]), {"options": MOMENTUM}),
    ("swa", s("SWALR", swa_lr=0.05), {}),
    ("swa-linear", s("SWALR", swa_lr=[0.05, 0.01], anneal_epochs=7, anneal_strategy="linear"), {"resume": 4}),
    ("swa-at-once", s("SWALR", swa_lr=0.02, anneal_epochs=0), {}),
]


def cases():
    for name, spec, rest in TABLE:
        yield case(f"scheduler-{name}", spec, **rest)
