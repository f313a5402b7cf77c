#!/usr/bin/env python3
"""Myriad beside other ways to do the same work on one core, in alternation, in one run.

    bench/peers.py [--myriad build/default/myriad] [--rounds 5] [--only gaussian]

Needs NumPy; takes PyTorch too where it is installed. Each peer is written as a good user of that library would
write it: single precision, preallocated, blocks that stay in the cache. Prints versions, the median rate of
each, and the median over the rounds of the ratio to Myriad's rate in the same round. A workload is a function
below and its line in WORKLOADS."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None


def rows(steps, variance):
    """The ddpm-exact table of ve: x <- alpha x + c z."""
    dt = 1.0 / steps
    t = np.arange(steps, 0, -1) * dt
    alpha = (variance + t - dt) / (variance + t)
    c = np.sqrt((variance + t - dt) * dt / (variance + t))
    return [float(a) for a in alpha], [float(v) for v in c]


def gaussian_numpy(steps=1000, block=16384):
    alpha, c = rows(steps, 0.01)
    rng = np.random.default_rng(np.random.SFC64(1))
    z = np.empty(block, np.float32)
    start = time.perf_counter()
    x = rng.standard_normal(block, np.float32)
    for a, s in zip(alpha, c):
        rng.standard_normal(out=z, dtype=np.float32)
        x *= np.float32(a)
        z *= np.float32(s)
        x += z
    float(x.var())
    return block * steps / (time.perf_counter() - start)


def gaussian_torch(steps=1000, block=16384):
    alpha, c = rows(steps, 0.01)
    start = time.perf_counter()
    x = torch.randn(block)
    z = torch.empty(block)
    for a, s in zip(alpha, c):
        x.mul_(a).add_(z.normal_(), alpha=s)
    float(x.var())
    return block * steps / (time.perf_counter() - start)


def ring(steps):
    """The mixture: ddpm-small on ve for eight Gaussians of variance 0.01 on the unit circle; centres, and a row's numbers:
    A, B, C, the exponent's factor -1/(2(v + t)) and the gain v/(v + t)."""
    angle = 2 * np.pi * np.arange(8) / 8
    centres = np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    t = np.arange(steps, 0, -1) / steps
    dt, v = 1.0 / steps, 0.01
    table = np.stack([(t - dt) / t, dt / t, np.sqrt((t - dt) * dt / t), -0.5 / (v + t), v / (v + t)], axis=1)
    return centres, [[np.float32(value) for value in row] for row in table]


def mixture_numpy(steps=1000, block=4096):
    centres, table = ring(steps)
    rng = np.random.default_rng(np.random.SFC64(1))
    start = time.perf_counter()
    x = rng.standard_normal((2, block), np.float32)
    z, d, total = np.empty_like(x), np.empty_like(x), np.empty(block, np.float32)
    q, away = np.empty((8, block), np.float32), np.empty((8, block), np.float32)
    for a, b, c, factor, gain in table:
        rng.standard_normal(out=z, dtype=np.float32)
        np.subtract(x[0], centres[0][:, None], out=q)
        np.multiply(q, q, out=q)
        np.subtract(x[1], centres[1][:, None], out=away)
        np.multiply(away, away, out=away)
        q += away
        q *= factor
        q -= q.max(axis=0)
        np.exp(q, out=q)
        np.sum(q, axis=0, out=total)
        np.dot(centres, q, out=d)
        d /= total
        d *= np.float32(1) - gain  # D = mean + gain (x - mean), the mean's share 1 - gain
        x *= a + b * gain
        d *= b
        x += d
        z *= c
        x += z
    float(x.var())
    return block * steps / (time.perf_counter() - start)


def mixture_numpy_plain(steps=1000, block=4096):
    """As one writes it first: in double, by broadcasting, with no thought of the cache."""
    centres, table = ring(steps)
    means = centres.T.astype(float)
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    x = rng.standard_normal((block, 2))
    for a, b, c, factor, gain in table:
        away = x[:, None, :] - means
        q = factor * (away ** 2).sum(-1)
        w = np.exp(q - q.max(-1, keepdims=True))
        w /= w.sum(-1, keepdims=True)
        d = (w[:, :, None] * (means + gain * away)).sum(1)
        x = a * x + b * d + c * rng.standard_normal((block, 2))
    float(x.var())
    return block * steps / (time.perf_counter() - start)


def mixture_torch(steps=1000, block=4096):
    centres, table = ring(steps)
    centres = torch.from_numpy(centres)
    start = time.perf_counter()
    x = torch.randn(2, block)
    z = torch.empty(2, block)
    for a, b, c, factor, gain in table:
        a, b, c, factor, gain = float(a), float(b), float(c), float(factor), float(gain)
        q = (x[:, None] - centres[:, :, None]).square_().sum(0).mul_(factor)
        d = centres @ torch.softmax(q, 0)
        x.mul_(a + b * gain).add_(d, alpha=b * (1 - gain)).add_(z.normal_(), alpha=c)
    float(x.var())
    return block * steps / (time.perf_counter() - start)


def features(parameters, elements=1 << 26):
    """linear: DPO (beta 0.1) on N pairs of P features: differences of features and parameters."""
    rng = np.random.default_rng(np.random.SFC64(1))
    delta = rng.random((elements // parameters, parameters), np.float32) - np.float32(0.5)
    return delta, (rng.random(parameters, np.float32) - np.float32(0.5)) * np.float32(0.1)


def linear_numpy(delta, theta):
    beta = np.float32(0.1)
    start = time.perf_counter()
    h = delta @ theta
    h *= -beta
    slope = np.exp(-np.abs(h))  # sigmoid(h) of it, without overflow
    np.divide(np.where(h >= 0, np.float32(1), slope), 1 + slope, out=slope)
    float(np.mean(np.logaddexp(np.float32(0), h)))
    gradient = slope @ delta
    gradient *= -beta / np.float32(len(delta))
    return delta.nbytes / (time.perf_counter() - start)


def linear_torch(delta, theta):
    delta, theta = torch.from_numpy(delta), torch.from_numpy(theta)
    start = time.perf_counter()
    h = (delta @ theta).mul_(-0.1)
    float(torch.nn.functional.softplus(h).mean())
    (torch.sigmoid(h) @ delta).mul_(-0.1 / len(delta))
    return delta.numel() * 4 / (time.perf_counter() - start)


def columns(count=16_000_001):
    """pairs: four columns of log-probabilities, and room for two of gradients."""
    rng = np.random.default_rng(np.random.SFC64(1))
    made = [rng.random(count, np.float32) * np.float32(-16) - np.float32(20) for _ in range(4)]
    return made + [np.empty(count, np.float32) for _ in range(2)]


def pairs_numpy(made, block=16384):
    """DPO (beta 0.1): mean loss, rewards, margin and accuracy, and both gradients."""
    beta, count = np.float32(0.1), len(made[0])
    scale = beta / np.float32(count)
    sums = np.zeros(4)
    start = time.perf_counter()
    for i in range(0, count, block):
        chosen, rejected, reference_chosen, reference_rejected, down, up = (c[i:i + block] for c in made)
        w, l = chosen - reference_chosen, rejected - reference_rejected
        h = w - l
        sums[3] += np.count_nonzero(h > 0)
        h *= beta
        e = np.abs(h)
        np.negative(e, out=e)
        np.exp(e, out=e)
        positive = h >= 0
        np.minimum(h, 0, out=h)
        sums[0] += np.log1p(e).sum(dtype=np.float64) - h.sum(dtype=np.float64)
        sums[1] += w.sum(dtype=np.float64)
        sums[2] += l.sum(dtype=np.float64)
        np.divide(np.where(positive, e, np.float32(1)), 1 + e, out=up)  # sigmoid(-h)
        up *= scale
        np.negative(up, out=down)
    return 24 * count / (time.perf_counter() - start)


def pairs_torch(made):
    chosen, rejected, reference_chosen, reference_rejected, down, up = (torch.from_numpy(c) for c in made)
    start = time.perf_counter()
    w, l = chosen - reference_chosen, rejected - reference_rejected
    h = w - l
    float((h > 0).float().mean()), float(w.mean()), float(l.mean())
    h.mul_(-0.1)
    float(torch.nn.functional.softplus(h).mean())
    torch.sigmoid(h, out=up)
    up.mul_(0.1 / len(h))
    torch.neg(up, out=down)
    return 24 * len(h) / (time.perf_counter() - start)


def once(make, run):
    """The peer on arrays that are made once."""
    made = []

    def measure():
        if not made:
            made.append(make())
        return run(made[0])

    return measure


def linear(index, parameters):
    peers = {name: once(lambda: features(parameters), lambda made, run=run: run(*made))
             for name, run in (("numpy", linear_numpy), ("torch", linear_torch))}
    return "bytes/s", peers, "linear", index


# name: (unit, peers, Myriad's measurement, which of its results)
WORKLOADS = {
    "gaussian": ("trajectory-steps/s", {"numpy": gaussian_numpy, "torch": gaussian_torch}, "gaussian", 0),
    "mixture": ("trajectory-steps/s", {"numpy": mixture_numpy, "numpy-plain": mixture_numpy_plain, "torch": mixture_torch}, "mixture", 0),
    "pairs": ("bytes/s", {"numpy": once(columns, pairs_numpy), "torch": once(columns, pairs_torch)}, "pairs", 0),
    "linear-64": linear(0, 64),
    "linear-256": linear(1, 256),
}


def myriad(tool, measurement, index):
    command = [tool, "bench", "--name", measurement, "--threads", "1", "--repeats", "3", "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)["results"][index]
    return result["rate"], result["device"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--myriad", default="build/default/myriad")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=WORKLOADS)
    options = parser.parse_args()

    print(f"python {sys.version.split()[0]}, numpy {np.__version__}"
          + (f", torch {torch.__version__}" if torch else ", torch not installed"))
    for workload, (unit, peers, measurement, index) in WORKLOADS.items():
        if options.only not in (None, workload):
            continue
        peers = {name: run for name, run in peers.items() if torch or name != "torch"}
        rates = {name: [] for name in ["myriad", *peers]}
        for _ in range(options.rounds):
            rate, device = myriad(options.myriad, measurement, index)
            rates["myriad"].append(rate)
            for name, run in peers.items():
                rates[name].append(run())
        print(f"{workload}, {unit}, one thread ({device}), median of {options.rounds} rounds")
        for name, values in rates.items():
            ratios = [mine / other for mine, other in zip(rates["myriad"], values)]
            print(f"  {name:11} {statistics.median(values):11.4g}   myriad is {statistics.median(ratios):6.2f} times it")


if __name__ == "__main__":
    main()
