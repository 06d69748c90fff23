"""Kind "validation": what torch refuses and what it accepts."""
import torch

import optimizers

NUMBERS = {
    "SGD": {"lr": [-1, 0], "momentum": [-0.1, 0, 2.0], "dampening": [-1.0, 1.0], "weight_decay": [-1, 0.5]},
    "Adam": {"lr": [-1e-9, 0], "eps": [-1, 0], "weight_decay": [-0.1, 3.0], "betas": [[-0.1, 0.9], [1.0, 0.9], [0.9, 1.0], [0.9, -0.1], [0.0, 0.0]]},
    "AdamW": {"lr": [-1, 0], "eps": [-1], "weight_decay": [-0.1, 0], "betas": [[1.0, 0.9], [0.9, 1.5]], "amsgrad": [True]},
    "Adagrad": {"lr": [-1, 0], "lr_decay": [-1, 2.0], "weight_decay": [-1], "initial_accumulator_value": [-0.1, 3.0], "eps": [-1e-10, 0]},
    "Adadelta": {"lr": [-1, 0], "rho": [-0.1, 0.0, 1.0, 1.1], "eps": [-1, 0], "weight_decay": [-1]},
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
        if check.get("grads"):
            for p, spec in zip(params, check["grads"]):
                p.grad = optimizers.gradient(spec, list(p.shape), torch.float64)
            optimizer.step()
        return {"error": None}
    except Exception as e:
        return {"error": type(e).__name__, "message": str(e)}


def cases():
    for name, options in NUMBERS.items():
        checks = [{"optimizer": name, "options": {key: value}} for key, values in options.items() for value in values]
        checks += [check for check in MORE if check["optimizer"] == name]
        yield {"name": f"validation-{name.lower()}", "checks": checks, "expected": {"checks": [attempt(check) for check in checks]}}
