"""Writes tests/host/modules.json: torch's modules with their state dicts, inputs and outputs. Run by hand: python modules.py"""
import json
import pathlib

import torch
from torch import nn

from written import Inputs, write

RECURRENT = {"num_layers": 2}
ENCODER = {"dim_feedforward": 6}

#: Module, arguments, options, shapes of the inputs, options of forward. The arguments of Sequential are rows of (module, arguments, options).
TABLE = [
    ("Linear", [5, 3], {}, [[2, 4, 5]]),
    ("Linear", [5, 3], {"bias": False}, [[5]]),
    ("Conv1d", [4, 6, 3], {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}, [[2, 4, 9]]),
    ("Conv1d", [2, 3, 2], {"bias": False}, [[2, 5]]),
    ("Conv2d", [4, 2, [2, 3]], {"stride": [1, 2], "padding": [1, 0], "dilation": [2, 1], "groups": 2}, [[2, 4, 5, 6]]),
    ("Conv2d", [2, 3, 3], {"bias": False}, [[1, 2, 4, 5]]),
    ("Embedding", [7, 3], {"padding_idx": -2}, [[2, 4]]),
    ("LayerNorm", [5], {}, [[3, 5]]),
    ("LayerNorm", [[3, 4]], {"bias": False, "eps": 1e-2}, [[2, 3, 4]]),
    ("LayerNorm", [4], {"elementwise_affine": False}, [[2, 4]]),
    ("RMSNorm", [5], {}, [[3, 5]]),
    ("RMSNorm", [[2, 3]], {"eps": 1e-2}, [[2, 2, 3]]),
    ("RMSNorm", [4], {"elementwise_affine": False}, [[2, 4]]),
    ("BatchNorm1d", [3], {}, [[4, 3]]),
    ("BatchNorm1d", [3], {"affine": False, "eps": 1e-2}, [[2, 3, 4]]),
    ("BatchNorm2d", [3], {}, [[2, 3, 2, 4]]),
    ("BatchNorm2d", [3], {"track_running_stats": False}, [[2, 3, 2, 4]]),
    ("ReLU", [], {}, [[7]]),
    ("LeakyReLU", [], {}, [[7]]),
    ("LeakyReLU", [0.3], {}, [[7]]),
    ("GELU", [], {}, [[7]]),
    ("GELU", [], {"approximate": "tanh"}, [[7]]),
    ("SiLU", [], {}, [[7]]),
    ("Tanh", [], {}, [[7]]),
    ("Sigmoid", [], {}, [[7]]),
    ("Softmax", [-1], {}, [[2, 5]]),
    ("Softmax", [1], {}, [[2, 3, 2]]),
    ("LogSoftmax", [-1], {}, [[2, 5]]),
    ("LogSoftmax", [0], {}, [[3, 2]]),
    ("Dropout", [0.5], {}, [[7]]),
    ("MaxPool2d", [2], {}, [[2, 2, 4, 5]]),
    ("MaxPool2d", [[3, 2]], {"stride": [2, 1], "padding": [1, 0], "dilation": [1, 2], "ceil_mode": True}, [[2, 6, 5]]),
    ("AvgPool2d", [2], {}, [[2, 2, 4, 5]]),
    ("AvgPool2d", [[3, 2]], {"stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}, [[2, 6, 5]]),
    ("Flatten", [], {}, [[2, 3, 2]]),
    ("Flatten", [0, 1], {}, [[2, 3, 2]]),
    ("MultiheadAttention", [6, 2], {}, [[4, 2, 6]] * 3),
    ("MultiheadAttention", [6, 3], {"batch_first": True}, [[2, 4, 6], [2, 3, 6], [2, 3, 6]]),
    ("MultiheadAttention", [4, 1], {"bias": False, "batch_first": True}, [[2, 3, 4]] * 3, {"is_causal": True}),
    ("TransformerEncoderLayer", [4, 2], ENCODER, [[3, 2, 4]]),
    ("TransformerEncoderLayer", [4, 2], ENCODER | {"activation": "gelu", "batch_first": True}, [[2, 3, 4]]),
    ("TransformerEncoderLayer", [4, 2], ENCODER | {"norm_first": True, "batch_first": True}, [[2, 3, 4]], {"is_causal": True}),
    ("TransformerEncoderLayer", [4, 1], ENCODER | {"norm_first": True, "activation": "gelu", "bias": False, "layer_norm_eps": 1e-2}, [[3, 2, 4]]),
    ("GRU", [3, 4], RECURRENT, [[5, 2, 3]]),
    ("GRU", [3, 4], RECURRENT | {"batch_first": True}, [[2, 5, 3], [2, 2, 4]]),
    ("GRU", [3, 4], {"bias": False}, [[5, 2, 3]]),
    ("LSTM", [3, 4], RECURRENT, [[5, 2, 3]]),
    ("LSTM", [3, 4], RECURRENT | {"batch_first": True}, [[2, 5, 3], [2, 2, 4], [2, 2, 4]]),
    ("LSTM", [3, 4], {"bias": False}, [[5, 2, 3]]),
    (
        "Sequential",
        [
            ("Conv2d", [1, 4, 3], {"padding": 1}),
            ("BatchNorm2d", [4], {}),
            ("ReLU", [], {}),
            ("MaxPool2d", [2], {}),
            ("Flatten", [], {}),
            ("Sequential", [("Linear", [24, 6], {}), ("LayerNorm", [6], {}), ("GELU", [], {}), ("Dropout", [], {})], {}),
            ("Linear", [6, 3], {"bias": False}),
            ("LogSoftmax", [-1], {}),
        ],
        {},
        [[2, 1, 4, 6]],
    ),
]


def make(name, args, options):
    if name == "Sequential":
        return nn.Sequential(*(make(*one) for one in args))
    return getattr(nn, name)(*(tuple(a) if isinstance(a, list) else a for a in args), **options)


def fill(module, source):
    """Replaces the initial weights by short numbers of their magnitude, and running statistics by values other than 0 and 1."""
    for key, tensor in module.state_dict().items():
        if key.endswith("num_batches_tracked"):
            tensor.fill_(7)
        else:
            drawn = torch.tensor(source.normal(list(tensor.shape), 0.5)).reshape(tensor.shape)
            tensor.copy_(drawn.abs() + 0.5 if key.endswith("running_var") else drawn)


def forward(module, inputs, options):
    if isinstance(module, nn.LSTM) and len(inputs) > 1:
        inputs = [inputs[0], tuple(inputs[1:])]
    if options.get("is_causal"):
        name = "src_mask" if isinstance(module, nn.TransformerEncoderLayer) else "attn_mask"
        steps = inputs[0].shape[1 if getattr(module, "batch_first", module.self_attn.batch_first if hasattr(module, "self_attn") else False) else 0]
        options = options | {name: nn.Transformer.generate_square_subsequent_mask(steps)}
    if isinstance(module, nn.MultiheadAttention):
        return [module(*inputs, need_weights=False, **options)[0]]
    results = module(*inputs, **options)
    if not isinstance(results, tuple):
        return [results]
    output, last = results
    return [output, *(last if isinstance(last, tuple) else [last])]


def shortest(value):
    """Returns the shortest decimal that rounds to this float32."""
    return float(str(value)) if value % 1 else int(value)


def saved(tensor):
    data = [shortest(value) for value in tensor.detach().reshape(-1).numpy()]
    return {"shape": list(tensor.shape), "data": write(data)}


def case(number, name, args, options, shapes, forward_options={}):
    source = Inputs(f"module-{name}-{number}")
    module = make(name, args, options).eval()
    fill(module, source)
    if name == "Embedding":
        inputs = [torch.tensor(source.random.integers(0, args[0], shape)) for shape in shapes]
    else:
        inputs = [torch.tensor(source.normal(shape)).reshape(shape) for shape in shapes]
    if name == "MultiheadAttention" and shapes[0] == shapes[1]:
        inputs = inputs[:1] * 3
    return {
        "name": name,
        "args": args,
        "options": options,
        "forward": forward_options,
        "state": {key: saved(tensor) for key, tensor in module.state_dict().items()},
        "inputs": [saved(x) for x in (inputs[:1] if len(inputs) > 1 and inputs[0] is inputs[1] else inputs)],
        "outputs": [saved(y) for y in forward(module, inputs, forward_options)],
    }


def main():
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    torch.set_num_threads(1)
    cases = [case(number, *row) for number, row in enumerate(TABLE)]
    text = ",\n".join(json.dumps(one, separators=(",", ":"), allow_nan=False) for one in cases)
    (pathlib.Path(__file__).parent.parent / "host" / "modules.json").write_text(f"[\n{text}\n]\n")
    print(len(cases), "modules,", len(text), "characters")


main()
