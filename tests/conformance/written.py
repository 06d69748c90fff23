"""Numbers in the format of the cases, and inputs that are exact in float32."""
import math

import numpy as np
import torch


def write(value):
    """Converts a value to plain Python for JSON: non-finite numbers become strings; integral floats stay floats."""
    if isinstance(value, torch.Tensor):
        return write(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (list, tuple)):
        return [write(v) for v in value]
    if isinstance(value, dict):
        return {str(k): write(v) for k, v in value.items()}
    return value


def flat(tensor):
    return write(tensor.detach().reshape(-1))


def tensor(t):
    return {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "data": flat(t)}


def short(array):
    """Rounds to 12 bits, which keeps the files small and the numbers exact in float32."""
    array = np.asarray(array, dtype=np.float64)
    mantissa, exponent = np.frexp(array)
    return np.float32(np.ldexp(np.round(mantissa * 4096) / 4096, exponent)).astype(np.float64)


class Inputs:
    """A random source of inputs, seeded with the case's name."""

    def __init__(self, name):
        self.random = np.random.default_rng(list(name.encode()))

    def normal(self, shape, scale=1.0):
        return short(self.random.normal(0, scale, shape)).reshape(-1).tolist()


def largest(data):
    finite = [abs(x) for x in np.asarray(data, dtype=np.float64).reshape(-1) if math.isfinite(x)]
    return max(finite, default=0.0)


def read(data):
    """Reverses write, for lists of numbers."""
    return [float(str(x).replace("Infinity", "inf")) if isinstance(x, str) else x for x in data]


def error(got, expected, scale):
    """Returns the largest |got − expected| / scale over the finite numbers."""
    got, expected = np.asarray(read(got), dtype=np.float64), np.asarray(read(expected), dtype=np.float64)
    finite = np.isfinite(got) & np.isfinite(expected)
    if not finite.any():
        return 0.0
    difference = float(np.abs(got[finite] - expected[finite]).max())
    return 0.0 if difference == 0 else difference / scale


def nudge(seed):
    """Returns a function that moves numbers by one float64 ulp: equal ones alike and zeros not at all, which preserves ties and kinks."""
    odd = np.uint64(2 * np.random.default_rng(seed).integers(2**62) + 1)

    def move(data):
        x = np.asarray(read(data), dtype=np.float64)
        up = (x.view(np.uint64) * odd) >> np.uint64(63)
        return np.where(np.isfinite(x) & (x != 0), np.nextafter(x, np.where(up, np.inf, -np.inf)), x).tolist()

    return move
