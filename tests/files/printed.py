"""Writes printed.json: tensors and the text torch prints for them. Run with torch 2.13.0."""
import json
import math
import pathlib

import torch

nan, inf = math.nan, math.inf
given = [
    ([3], [1, -2.5, 3]),
    ([3], [1, 2, 3]),
    ([4], [1.5, nan, inf, -inf]),
    ([], [3]),
    ([0], []),
    ([2], [-0.0, 1]),
    ([2], [0.00012, 0.001]),
    ([3], [1e-5, 1, 2]),
    ([2], [1, 10000]),
    ([1], [1e-10]),
    ([2, 3], [0] * 6),
    ([2], [nan, -inf]),
]
# Element i is i * scale. No scale produces ties, because Python rounds ties to even and JavaScript rounds them up.
scaled = [([3, 4], 1 / 7), ([2, 2, 2], 1), ([40], 1 / 3), ([10000], 0.3), ([100, 100], 0.11), ([2, 1000], 0.07), ([2, 3, 4, 5], 0.5)]


def case(shape, numbers, **spec):
    tensor = torch.tensor(numbers, dtype=torch.float32).reshape(shape)
    return {"shape": shape, **spec, "text": str(tensor)}


def spelled(x):
    return x if math.isfinite(x) and not (x == 0 and math.copysign(1, x) < 0) else str(x)


cases = [case(shape, data, data=[spelled(x) for x in data]) for shape, data in given]
cases += [case(shape, [i * scale for i in range(math.prod(shape))], scale=scale) for shape, scale in scaled]
cases.append({"shape": [3], "dtype": "int32", "data": [1, 20, -3], "text": str(torch.tensor([1, 20, -3], dtype=torch.int32))})
pathlib.Path(__file__).with_name("printed.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]" + "\n")
