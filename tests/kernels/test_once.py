"""Neurons that fire once: the compiled kernel equals plain torch step by step, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.codes import TTFS
from picojoule.engines.plan import tables_of
from picojoule.engines.projecting import conv_projection, flat_layout, layout_of, linear_projection, margins
from picojoule.ir import Conv, Linear
from picojoule.kernels.advance import Layout, advance_reference
from picojoule.kernels.once import fire_once
from picojoule.kernels.projection import Projection, from_frames, to_frames

SAMPLES, STEPS, SHAPE = 2, 12, (3, 6, 5)
VALUES = 90
CODE = TTFS(steps=STEPS, tau=3)
KINDS = ["conv", "strided", "depthwise", "shortcut", "scale", "linear"]


def dyadic(*shape: int, seed: int) -> torch.Tensor:
    return torch.randint(-32, 33, shape, generator=torch.Generator().manual_seed(seed)) / 64


def layer(kind: str, dtype: torch.dtype, seed: int = 0) -> tuple[Projection, Layout, int]:
    """The tables of a layer, and how many neurons it reaches."""
    if kind == "linear":
        weight = dyadic(70, VALUES, seed=seed).to(dtype)
        node = Linear(name="l", inputs=("x",), shape=(70,), weight=weight, bias=torch.zeros(70))
        return linear_projection(node, 3), flat_layout(70), 70
    stride, groups, outputs = {
        "conv": (1, 1, 24), "strided": (2, 1, 24), "depthwise": (1, 3, 6), "shortcut": (2, 1, 6), "scale": (1, 3, 3)
    }[kind]  # fmt: skip
    shape, size = (outputs, -(-6 // stride), -(-5 // stride)), 1 if kind in ("shortcut", "scale") else 3
    node = Conv(
        name="c", inputs=("x",), shape=shape, weight=dyadic(outputs, 3 // groups, size, size, seed=seed).to(dtype),
        bias=torch.zeros(outputs), stride=(stride, stride), padding=(size // 2,) * 2, dilation=(1, 1), groups=groups,
    )  # fmt: skip
    around = margins(node, SHAPE)
    return conv_projection(node, SHAPE, around), layout_of(node, around), node.size


def frames(active: float, dtype: torch.dtype, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.25 * (torch.rand(SAMPLES, STEPS, VALUES, generator=generator) < active).to(dtype)


def both(kind: str, x: torch.Tensor, lag: int, code: TTFS = CODE, shares: tuple[float, ...] = ()):
    """What the kernel and plain torch emit for the same events."""
    (projection, layout, size), stream, tables = layer(kind, x.dtype), from_frames(x), tables_of(code)
    tables = tables._replace(shares=np.asarray(shares, np.float32)) if shares else tables
    constant = (dyadic(SAMPLES, size, seed=1) / 2).to(x.dtype)
    settled = (layout, len(x), constant.numpy(), tables, code.staircase())
    ours = fire_once((stream,), (lag,), (projection,), *settled)
    v = torch.zeros(SAMPLES, layout.size, dtype=x.dtype)
    arriving = (stream.arriving(lag, code.steps),)
    theirs = advance_reference(arriving, (projection,), layout, v, constant, tables, 1.0)
    return to_frames(ours, size), to_frames(theirs, size)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("last", [0, 1, 5, STEPS])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_events_as_looking_at_every_neuron_in_every_step(kind, last, dtype):
    """Whether the last event arrives at the first step, on the way, at the last one, or there is none."""
    x = frames(0.1, dtype)
    x[:, last:] = 0
    for lag in (0, 3, STEPS - 1):
        ours, theirs = both(kind, x, lag)
        assert torch.equal(ours, theirs) and ours.dtype == dtype
        assert ours.count_nonzero(1).max() == 1 and len(ours.any(2).any(0).unique()) > 0


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS), active=st.floats(0, 0.5),
    lag=st.integers(0, STEPS), steps=st.integers(1, 2 * STEPS), tau=st.floats(0.5, 10), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_events_and_any_window(kind, active, lag, steps, tau, seed):
    code = TTFS(steps=steps, tau=tau)
    assert torch.equal(*both(kind, frames(active, torch.float32, seed), lag, code))


def test_a_constant_that_enters_more_than_once():
    ours, theirs = both("conv", frames(0.05, torch.float32), 2, shares=(0.5, 0, 0.25, 0, 0, 0, 0, 0.25, 0, 0, 0, 0))
    assert torch.equal(ours, theirs) and ours.any()


def test_without_events():
    """Neurons that only a constant drives fire at the step their staircase says."""
    _, layout, size = layer("conv", torch.float32)
    code, constant = TTFS(steps=STEPS, tau=3), dyadic(SAMPLES, size, seed=1)
    emitted = fire_once((), (), (), layout, SAMPLES, constant.numpy(), tables_of(code), code.staircase())
    assert torch.equal(to_frames(emitted, size).sum(1), code.value(constant))
