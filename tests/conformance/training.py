"""Kind "training": whole runs of torch.nn models."""
import torch
from torch.nn import functional

import optimizers
import schedulers
from functions import load
from inputs import floats, ids, shares
from schedulers import s
from written import Inputs, error, flat, largest, nudge, read


def pass_through(spec, layer, x):
    if spec.get("causal"):
        length = x.shape[1 if layer.self_attn.batch_first else 0]
        return layer(x, src_mask=torch.nn.Transformer.generate_square_subsequent_mask(length), is_causal=True)
    if spec["name"] == "GRU":
        x, _ = layer(x)
        return x if spec.get("output") != "last" else x[:, -1] if layer.batch_first else x[-1]
    return layer(x)


def build(model):
    return torch.nn.Sequential(*(getattr(torch.nn, spec["name"])(**spec.get("options", {})) for spec in model))


def optimizer_of(case, params):
    names = list(params)
    groups = [{"params": [names.index(n) for n in g["params"]], "options": g["options"]} for g in case.get("groups", [{"params": names, "options": {}}])]
    return optimizers.build({"optimizer": case["optimizer"], "groups": groups}, list(params.values()), case["options"])


def run(case, dtype, move=read):
    with optimizers.default_dtype(dtype):
        model = build(case["model"])
        model.load_state_dict({name: load(value, dtype, move) for name, value in (case["weights"] | case.get("buffers", {})).items()})
        params, buffers = dict(model.named_parameters()), dict(model.named_buffers())
        batches = [(load(b["x"], dtype, move), load(b["y"], dtype, move)) for b in case["batches"]]
        weighed = {k: torch.tensor(v) if isinstance(v, list) else v for k, v in case["loss"].get("options", {}).items()}
        optimizer = optimizer_of(case, params)
        scheduler = schedulers.build(case["scheduler"], optimizer) if case["scheduler"] else None
        out = {"loss": [], "lr": [], "params": {}, **({"buffers": {}} if buffers else {}), **({"grad_norm": []} if "clip" in case else {})}
        for t in range(case["num_steps"]):
            x, y = batches[t % len(batches)]

            def closure():
                optimizer.zero_grad()
                value = x
                for spec, layer in zip(case["model"], model):
                    value = pass_through(spec, layer, value)
                loss = getattr(functional, case["loss"]["name"])(value, y, **weighed)
                loss.backward()
                return loss

            out["lr"].append([float(g["lr"]) for g in optimizer.param_groups])
            if case["optimizer"] == "LBFGS":
                out["loss"].append(optimizer.step(closure).item())
            else:
                out["loss"].append(closure().item())
                if "clip" in case:
                    out["grad_norm"].append(torch.nn.utils.clip_grad_norm_(params.values(), **{k: float(v) for k, v in case["clip"].items()}).item())
                optimizer.step()
            if scheduler:
                scheduler.step()
            if t + 1 in case["record"]:
                for key, tensors in (("params", params), ("buffers", buffers)):
                    if tensors:
                        out[key][str(t + 1)] = {name: flat(tensor) for name, tensor in tensors.items()}
        return out


def recorded(result, k):
    return result["params"][k] | result.get("buffers", {}).get(k, {})


def expected(case):
    exact, single = run(case, torch.float64), run(case, torch.float32)
    sizes = {name: largest(v["data"]) for name, v in (case["weights"] | case.get("buffers", {})).items()}
    scale = {}
    for k in exact["params"]:
        sizes = {name: max(sizes[name], largest(data)) for name, data in recorded(exact, k).items()}
        scale[k] = sizes

    def worst(other):
        return {k: max(error(recorded(other, k)[name], data, scale[k][name]) for name, data in recorded(exact, k).items()) for k in scale}

    nudged = [worst(run(case, torch.float64, nudge(seed))) for seed in range(8)]
    sensitivity = {k: max(n[k] for n in nudged) for k in scale}
    rtol = max(1e-12, 50 * max(sensitivity.values()))
    assert rtol < 1e-9, (case["name"], rtol)
    so_far = [largest(exact["loss"][: t + 1]) for t in range(case["num_steps"])]
    return {
        "float64": exact,
        "float32": single,
        "float32_error": worst(single),
        "float32_loss_error": [abs(a - b) / most for a, b, most in zip(single["loss"], exact["loss"], so_far)],
        "float64_sensitivity": sensitivity,
        "judge": {"float64_rtol": rtol},
    }


def written(entry):
    return {key: entry[key] for key in ("shape", "data", "dtype")}


def case(name, model, loss, x, y, optimizer, options, batches=3, steps=10, **more):
    """Returns a case. Weights of normalization layers are near 1, all others small."""
    source = Inputs(f"train-{name}")
    built = build(model)

    def weight(at, p):
        spread = (p.numel() / len(p)) ** -0.5 if p.dim() > 1 else 0.125
        drawn = floats(list(p.shape), spread, f=lambda v: v + (p.dim() == 1 and at.endswith("weight")))(source)
        return {key: drawn[key] for key in ("shape", "data")}

    buffers = {at: {"shape": list(b.shape), "data": flat(b), "dtype": "float" if b.is_floating_point() else "int64"} for at, b in built.named_buffers()}
    made = {
        "name": f"train-{name}",
        "model": model,
        "weights": {at: weight(at, p) for at, p in built.named_parameters()},
        "loss": loss,
        "batches": [{"x": written(x(source)), "y": written(y(source))} for _ in range(batches)],
        "optimizer": optimizer,
        "options": options,
        "scheduler": None,
        "num_steps": steps,
        "record": sorted({1, 2, 5, steps}),
        **({"buffers": buffers} if buffers else {}),
        **more,
    }
    made["expected"] = expected(made)
    return made


def layer(name, output=None, causal=False, **options):
    return {"name": name, **({"options": options} if options else {}), **({"output": output} if output else {}), **({"causal": True} if causal else {})}


def linear(size, out, **options):
    return layer("Linear", in_features=size, out_features=out, **options)


def encoder(size, heads, inner, **options):
    return layer("TransformerEncoderLayer", d_model=size, nhead=heads, dim_feedforward=inner, dropout=0, batch_first=True, **options)


def coins(shape):
    return floats(shape, f=lambda x: x > 0)


RELU, GELU, TANH, SILU, FLATTEN = (layer(name) for name in ("ReLU", "GELU", "Tanh", "SiLU", "Flatten"))
BOTH_POOLS = [
    layer("Conv2d", in_channels=1, out_channels=3, kernel_size=3, padding=1, bias=False), layer("BatchNorm2d", num_features=3), RELU, layer("MaxPool2d", kernel_size=2),
    layer("Conv2d", in_channels=3, out_channels=4, kernel_size=3, bias=False), layer("BatchNorm2d", num_features=4, momentum=0.3, eps=1e-3), SILU,
    layer("AvgPool2d", kernel_size=2, ceil_mode=True), FLATTEN, linear(16, 5),
]
STRIDED = [
    layer("Conv2d", in_channels=2, out_channels=4, kernel_size=[3, 2], stride=[2, 1], padding=[1, 0], groups=2, bias=False), layer("MaxPool2d", kernel_size=3, stride=2, padding=1),
    layer("BatchNorm2d", num_features=4, momentum=None), TANH, layer("Conv2d", in_channels=4, out_channels=3, kernel_size=2, dilation=2, padding=1), GELU,
    layer("BatchNorm2d", num_features=3, affine=False), layer("AvgPool2d", kernel_size=[2, 1], stride=1, padding=[1, 0], count_include_pad=False), FLATTEN, linear(48, 2),
]
SIGNAL = [
    layer("Conv1d", in_channels=2, out_channels=4, kernel_size=3, padding=1), GELU, layer("Conv1d", in_channels=4, out_channels=4, kernel_size=3, stride=2, groups=4, bias=False),
    TANH, layer("Conv1d", in_channels=4, out_channels=3, kernel_size=2, dilation=2), FLATTEN, linear(6, 3),
]
DECAYS = [{"params": ["0.weight", "3.weight"], "options": {"weight_decay": 0.1}}, {"params": ["1.bias", "0.bias", "1.weight", "3.bias"], "options": {"weight_decay": 0.0, "lr": 0.01}}]
WARMUP = s("SequentialLR", s("LinearLR", start_factor=0.1, total_iters=3), s("CosineAnnealingLR", T_max=7), milestones=[3])

TABLE = [
    ("relu-sgd", [linear(5, 7), RELU, linear(7, 1)], s("mse_loss"), floats([7, 5]), floats([7, 1]), "SGD", {"lr": 0.1}, {}),
    ("tanh-momentum", [linear(3, 8), TANH, linear(8, 5, bias=False), TANH, linear(5, 2)], s("huber_loss", delta=0.5), floats([5, 3]), floats([5, 2]), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, {"scheduler": s("StepLR", step_size=4, gamma=0.5)}),
    ("silu-adam", [linear(4, 9), SILU, linear(9, 3)], s("binary_cross_entropy_with_logits", pos_weight=[0.5, 2.0, 1.25]), floats([6, 4]), coins([6, 3]), "Adam", {"lr": 0.02}, {"clip": {"max_norm": 0.25, "norm_type": "Infinity"}}),
    ("gelu-rmsprop", [linear(3, 7), layer("GELU", approximate="tanh"), linear(7, 2)], s("smooth_l1_loss", beta=0.25, reduction="sum"), floats([5, 3]), floats([5, 2]), "RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True, "eps": 1e-4}, {"scheduler": s("OneCycleLR", max_lr=0.02, total_steps=10)}),
    ("shares-adagrad", [linear(5, 6), RELU, linear(6, 4)], s("cross_entropy", label_smoothing=0.1), floats([6, 5]), shares([6, 4]), "Adagrad", {"lr": 0.1}, {}),
    ("lbfgs", [linear(3, 5), TANH, linear(5, 1)], s("mse_loss"), floats([9, 3]), floats([9, 1]), "LBFGS", {"lr": 0.5, "max_iter": 3, "history_size": 4}, {"batches": 1, "steps": 6}),
    ("lbfgs-wolfe", [linear(3, 4), SILU, linear(4, 3)], s("cross_entropy"), floats([9, 3]), ids([9], 3), "LBFGS", {"max_iter": 3, "line_search_fn": "strong_wolfe"}, {"batches": 1, "steps": 5}),
    ("layernorm-groups", [linear(4, 7), layer("LayerNorm", normalized_shape=[7]), GELU, linear(7, 3)], s("cross_entropy", weight=[0.5, 1.0, 2.0]), floats([7, 4]), ids([7], 3), "AdamW", {"lr": 0.02}, {"groups": DECAYS, "scheduler": WARMUP, "clip": {"max_norm": 0.5}}),
    ("rmsnorm", [linear(4, 6), layer("RMSNorm", normalized_shape=[6]), SILU, linear(6, 5), layer("RMSNorm", normalized_shape=5, eps=1e-3, elementwise_affine=False), linear(5, 2)], s("l1_loss"), floats([5, 4]), floats([5, 2]), "NAdam", {"lr": 0.01}, {}),
    ("cnn-both-pools", BOTH_POOLS, s("cross_entropy", label_smoothing=0.1), floats([5, 1, 11, 11]), ids([5], 5), "SGD", {"lr": 0.1, "momentum": 0.9}, {"batches": 2, "scheduler": s("CosineAnnealingLR", T_max=10)}),
    ("cnn-strided", STRIDED, s("mse_loss"), floats([4, 2, 9, 8]), floats([4, 2]), "AdamW", {"lr": 0.01, "eps": 1e-3}, {"batches": 2, "clip": {"max_norm": 1.0, "norm_type": 1.0}}),
    ("conv1d", SIGNAL, s("cross_entropy"), floats([5, 2, 9]), ids([5], 3), "RAdam", {"lr": 0.05, "betas": [0.8, 0.9]}, {"batches": 2}),
    ("embedding", [layer("Embedding", num_embeddings=7, embedding_dim=3, padding_idx=0), FLATTEN, linear(12, 5), TANH, linear(5, 7)], s("cross_entropy"), ids([6, 4], 7, [(0, 0)]), ids([6], 7), "Adam", {"lr": 0.05, "weight_decay": 0.01}, {}),
    ("gru-last", [layer("Embedding", num_embeddings=5, embedding_dim=3), layer("GRU", "last", input_size=3, hidden_size=4, batch_first=True), linear(4, 5)], s("cross_entropy"), ids([5, 6], 5), ids([5], 5), "Adam", {"lr": 0.05}, {"clip": {"max_norm": 0.5}}),
    ("gru-deep", [layer("GRU", input_size=2, hidden_size=3, num_layers=2, bias=False), linear(3, 2)], s("mse_loss"), floats([5, 3, 2]), floats([5, 3, 2]), "SGD", {"lr": 0.2, "momentum": 0.5, "dampening": 0.1}, {"scheduler": s("ExponentialLR", gamma=0.9)}),
    ("gru-last-first-axis", [layer("GRU", "last", input_size=2, hidden_size=3, num_layers=2), linear(3, 1)], s("mse_loss", reduction="sum"), floats([4, 5, 2]), floats([5, 1]), "Adamax", {"lr": 0.02}, {"steps": 6}),
    ("transformer", [encoder(4, 2, 6), FLATTEN, linear(12, 3)], s("cross_entropy"), floats([4, 3, 4]), ids([4], 3), "SGD", {"lr": 0.1, "momentum": 0.9}, {"batches": 2, "steps": 8}),
    ("transformer-causal", [layer("Embedding", num_embeddings=5, embedding_dim=4), encoder(4, 2, 6, activation="gelu", norm_first=True, causal=True), linear(4, 2)], s("mse_loss"), ids([3, 5], 5), floats([3, 5, 2]), "AdamW", {"lr": 0.02, "eps": 1e-2}, {"batches": 2, "steps": 8, "clip": {"max_norm": 1.0}}),
    ("transformer-causal-after", [encoder(4, 1, 5, activation="gelu", causal=True, bias=False), linear(4, 1)], s("smooth_l1_loss"), floats([3, 4, 4]), floats([3, 4, 1]), "SGD", {"lr": 0.1}, {"batches": 2, "steps": 6}),
    ("transformer-before", [encoder(4, 2, 5, norm_first=True, layer_norm_eps=1e-3), FLATTEN, linear(12, 2)], s("binary_cross_entropy_with_logits"), floats([4, 3, 4]), coins([4, 2]), "Adagrad", {"lr": 0.05, "eps": 1e-2}, {"batches": 2, "steps": 6}),
]


def cases():
    for name, model, loss, x, y, optimizer, options, more in TABLE:
        yield case(name, model, loss, x, y, optimizer, options, **more)
