"""
Computes the coefficients of erfcx in assembly/portable.ts: `pip install mpmath && python tools/erfcx.py`.

erfcx(t) = e^(t²)·erfc(t) = (1 − y)·S(c − y) with y = t/(t + 4), 0 ≤ t ≤ last. S is the minimax polynomial of the relative error, found by
Remez exchange at 60 digits. The variable maps [0, ∞) to [0, 1), as in Shepherd and Laframboise, "Chebyshev approximation of
(1 + 2x)exp(x²)erfc x in 0 ≤ x < ∞", Math. Comp. 36 (1981); erfcx decays like 1 − y there.
"""

import mpmath as mp

mp.mp.dps = 60


def target(y):
    t = 4 * y / (1 - y)
    return mp.exp(t * t) * mp.erfc(t) / (1 - y)


def remez(centre, end, degree):
    """Returns the coefficients of (centre − y)^k and the relative error, on 0 ≤ y ≤ end."""
    point = lambda i, n: end / 2 * (1 - mp.cos(mp.pi * i / n))
    nodes = [point(i, degree + 1) for i in range(degree + 2)]
    grid = [point(i, 40 * degree) for i in range(40 * degree + 1)]
    values = [target(y) for y in grid]
    while True:
        rows = [[(centre - y) ** k / target(y) for k in range(degree + 1)] + [(-1) ** i] for i, y in enumerate(nodes)]
        *coefficients, level = mp.lu_solve(mp.matrix(rows), mp.ones(degree + 2, 1))
        peaks = []  # the largest error of each run of one sign
        for y, value in zip(grid, values):
            error = mp.polyval(coefficients[::-1], centre - y) / value - 1
            if not peaks or (error > 0) != (peaks[-1][1] > 0):
                peaks.append((y, error))
            elif abs(error) > abs(peaks[-1][1]):
                peaks[-1] = (y, error)
        nodes = [y for y, _ in peaks]
        assert len(nodes) == degree + 2
        most = max(abs(error) for _, error in peaks)
        if most < 1.01 * abs(level):
            return coefficients, most


for name, degree, centre, last, digits in (("f32", 10, 3 / 8, 10.7, 12), ("f64", 22, 7 / 16, 27.6, 20)):
    last = mp.mpf(last)
    coefficients, error = remez(mp.mpf(centre), last / (last + 4), degree)
    print(f"{name}: c = {centre}, relative error 2^{mp.nstr(mp.log(error, 2), 4)}")
    for coefficient in reversed(coefficients):
        print(f"  {mp.nstr(coefficient, digits)}")
