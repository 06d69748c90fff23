"""PyTorch on the CPU. The argument is { "threads": n }, by default 1. serve.mjs describes the protocol."""
import inspect
import json
import math
import re
import sys
import time

import numpy as np
import torch
from torch import nn

torch.set_num_threads(json.loads(sys.argv[1])["threads"] if len(sys.argv) > 1 else 1)

SECOND = 2**31
SETTLED = 1e-7  # as in training.mjs
FORMS = {"eager": {"foreach": False, "fused": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def noises(size, first, scale=1):
    """Returns the same numbers as numbers.mjs."""
    x = np.arange(first, first + size).astype(np.uint32)
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    return torch.from_numpy(((x ^ (x >> 16)) / 2**31 - 1) * scale).float()


def snake(options):
    return {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in options.items()}


def forms_of(optimizer):
    """Returns the implementations that an optimizer has in torch: { name: flags }"""
    known = inspect.signature(optimizer).parameters
    if "foreach" not in known:
        return {"": {}}
    return {
        form: {flag: on for flag, on in flags.items() if flag in known}
        for form, flags in FORMS.items()
        if form in known or form == "eager"
    }


def step(work):
    optimizer = getattr(torch.optim, work["optimizer"])
    options, sparse = snake(work["options"]), work.get("sparse")

    def gradient(shape, first):
        if not sparse:
            return noises(math.prod(shape), first, 0.1).reshape(shape)
        indices = torch.arange(0, shape[0], sparse)
        values = noises(len(indices) * shape[1], first, 0.1).reshape(-1, shape[1])
        return torch.sparse_coo_tensor(indices[None], values, shape).coalesce()

    def form(flags):
        parameters, first = [], 0
        for shape in work["shapes"]:
            parameter = nn.Parameter(noises(math.prod(shape), first).reshape(shape))
            parameter.grad = gradient(shape, SECOND + first)
            first += math.prod(shape)
            parameters.append(parameter)
        groups = [dict(snake(group), params=[parameters[i] for i in group["params"]]) for group in work.get("groups", [])]
        method = optimizer(groups or parameters, **options, **flags)

        # LBFGS evaluates half the squared norm, whose gradients are the parameters themselves.
        def closure():
            for parameter in parameters:
                parameter.grad.copy_(parameter.detach())
            return 0.0

        turn = (lambda: method.step(closure)) if work["optimizer"] == "LBFGS" else method.step
        before = parameters[0].detach().flatten()[:64].clone()
        for _ in range(work["checked"]):
            turn()
        return {"turn": turn, "result": (parameters[0].detach().flatten()[:64] - before).tolist()}

    return {name: form(flags) for name, flags in forms_of(optimizer).items()}


def gemm(work):
    m, k, n = work["m"], work["k"], work["n"]
    a, b = noises(m * k, 0).reshape(m, k), noises(k * n, SECOND).reshape(k, n)
    product = a @ b
    return {"": {"turn": lambda: a @ b, "result": [product[i, j].item() for i, j in work["samples"]]}}


class GPT(nn.Module):
    def __init__(self, work):
        super().__init__()
        width, context, self.vocabulary = work["width"], work["context"], work["vocabulary"]
        self.token = nn.Embedding(self.vocabulary, width)
        self.position = nn.Embedding(context, width)
        options = dict(dim_feedforward=4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(width, work["heads"], **options) for _ in range(work["layers"]))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, self.vocabulary)
        self.mask = nn.Transformer.generate_square_subsequent_mask(context)
        self.positions = torch.arange(context)

    def forward(self, x):
        hidden = self.token(x) + self.position(self.positions)
        for block in self.blocks:
            hidden = block(hidden, src_mask=self.mask, is_causal=True)
        return self.head(self.norm(hidden)).reshape(-1, self.vocabulary)


class Encoder(nn.Module):
    def __init__(self, work):
        super().__init__()
        width, context = work["width"], work["context"]
        self.token = nn.Embedding(work["vocabulary"], width)
        self.position = nn.Embedding(context, width)
        self.norm = nn.LayerNorm(width)
        options = dict(dim_feedforward=work["feedForward"], dropout=0, activation="gelu", batch_first=True)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(width, work["heads"], **options) for _ in range(work["layers"]))
        self.head = nn.Linear(width, work["classes"])
        self.positions = torch.arange(context)

    def forward(self, x):
        hidden = self.norm(self.token(x) + self.position(self.positions))
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(hidden.mean(1))


def perceptron(work):
    inputs, hidden, classes = work["sizes"]
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def cnn(_):
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 10)),
    )


MODELS = {"perceptron": perceptron, "cnn": cnn, "gpt": GPT, "encoder": Encoder}


def train(work):
    files = work["files"]
    weights = torch.from_numpy(np.fromfile(files["weights"], np.float32))
    inputs = torch.from_numpy(np.fromfile(files["inputs"], np.dtype(work["inputType"]))).reshape(-1, *work["input"])
    method = getattr(torch.optim, work["optimizer"])
    labels = torch.from_numpy(np.fromfile(files["labels"], np.int32)).long().reshape(len(inputs), -1)

    def training(lr, flags):
        model, first = MODELS[work["model"]](work), 0
        for (name, shape), (own, parameter) in zip(work["parameters"], model.named_parameters(), strict=True):
            assert name == own, f"{own} is not {name}"
            size = math.prod(shape)
            parameter.data.copy_(weights[first : first + size].reshape(shape))
            first += size
        optimizer = method(model.parameters(), lr=lr, **flags)
        taken = 0

        def turn():
            nonlocal taken
            i, taken = taken % len(inputs), taken + 1
            loss = nn.functional.cross_entropy(model(inputs[i]), labels[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return turn

    def form(flags):
        turn = training(work["lr"], flags)
        losses = [turn().item() for _ in range(work["checked"])]
        return {"turn": training(SETTLED, flags), "result": [losses[0], losses[-1]]}

    return {name: form(flags) for name, flags in forms_of(method).items()}


KINDS = {"step": step, "gemm": gemm, "train": train}
prepared = {}


def answered(request):
    global prepared
    if "prepare" in request:
        prepared = KINDS[request["prepare"]["kind"]](request["prepare"])
        return {"forms": {name: form["result"] for name, form in prepared.items()}}
    if "release" in request:
        prepared = {}
        return {}
    turn, turns = prepared[request["run"]]["turn"], request["turns"]
    began = time.perf_counter()
    for _ in range(turns):
        turn()
    return {"seconds": time.perf_counter() - began}


for line in sys.stdin:
    try:
        answer = json.dumps(answered(json.loads(line)), allow_nan=False)
    except Exception as error:
        answer = json.dumps({"reason": str(error).split("\n")[0][:160] or type(error).__name__})
    print(answer, flush=True)
