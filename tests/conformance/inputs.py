"""Inputs of a function, drawn from the random source of its case. A bare shape means normal numbers that require a gradient."""
import math

import numpy as np

from written import short, write


def entry(shape, data, dtype="float", grad=True):
    return {"shape": shape, "data": write(np.asarray(data).reshape(-1).tolist()), "dtype": dtype, "grad": grad}


def floats(shape, scale=1.0, grad=True, f=lambda x: x):
    return lambda source: entry(shape, short(f(np.reshape(source.normal(shape, scale), shape))), grad=grad)


def fixed(shape):
    """Numbers that require no gradient."""
    return floats(shape, grad=False)


def positive(shape, grad=True):
    return floats(shape, grad=grad, f=lambda x: np.abs(x) + 0.125)


def apart(shape):
    """Numbers away from zero."""
    return floats(shape, f=lambda x: x + np.sign(x) / 2)


def far(shape):
    """Numbers far from zero, where E[x²] − E[x]² cancels."""
    return floats(shape, f=lambda x: x + 100)


def shares(shape, grad=False):
    """Probabilities along axis 1."""
    return floats(shape, grad=grad, f=lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True))


def given(*data, shape=None, grad=True):
    return lambda _: entry(shape or [len(data)], np.float32(data).astype(np.float64), grad=grad)


def ids(shape, high, put=()):
    """Integers below `high`; `put` has (position, number) pairs."""

    def make(source):
        data = source.random.integers(0, high, math.prod(shape))
        for at, value in put:
            data[at] = value
        return entry(shape, data, "int64", False)

    return make


def mask(shape, blind=()):
    """A mask with True for keys that take part. Every query sees the first key; queries in `blind` see none."""

    def make(source):
        seen = source.random.integers(0, 2, shape)
        seen[..., 0] = 1
        seen[..., list(blind), :] = 0
        return entry(shape, seen, "bool", False)

    return make


def barred(shape):
    """A mask of floats; a third of them are -Infinity."""

    def make(source):
        data = np.where(source.random.integers(0, 3, shape) == 0, -np.inf, short(source.random.normal(0, 1, shape)))
        data[..., 0] = 0
        return entry(shape, data, grad=False)

    return make


def recurrent(gates, x, hidden, layers=1, bias=True, states=(), batch=1):
    """Returns the inputs of gru (3 gates) and lstm (4); `batch` is the batch axis."""
    sized = {"weight_ih": lambda size: [gates * hidden, size], "weight_hh": lambda _: [gates * hidden, hidden]}
    if bias:
        sized |= {"bias_ih": lambda _: [gates * hidden], "bias_hh": lambda _: [gates * hidden]}
    return {
        "input": x,
        **{name: [layers, x[batch], hidden] for name in states},
        **{f"{name}_l{i}": floats(shape(hidden if i else x[-1]), 0.5) for i in range(layers) for name, shape in sized.items()},
    }
