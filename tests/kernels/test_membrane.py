"""The compiled scan and its gradient are the reference's: spikes bit for bit, gradients within 1e-5."""

import itertools
import mmap
import multiprocessing
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.kernels import membrane
from picojoule.kernels.bits import pack, pack_reference, unpack, unpack_reference
from picojoule.kernels.fresh import fresh_like
from picojoule.kernels.membrane import Rule, backward, forward, scan_reference
from picojoule.kernels.pulse import PULSES
from picojoule.neurons.functional import spike

RULES = [
    Rule(1.0, zero, attached, pulse, 1.7, 0.8, low)
    for low in (None, 1.3)
    for zero in (False, True)
    for attached in (False, True)
    for pulse in PULSES
]
USUAL = RULES[0]


def name(rule):
    signed = "" if rule.low is None else "-signed"
    return f"{rule.pulse}{signed}-{'zero' if rule.zero else 'subtract'}-{'attached' if rule.attached else 'detached'}"


def problem(shape, seed=0):
    """Currents, first potential, and the gradients of spikes and last potential."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(each, generator=generator) for each in (shape, shape[1:], shape, shape[1:])]


def by_autograd(x, v, g, w, leak, rule):
    x, v, leak = x.clone().requires_grad_(), v.clone().requires_grad_(), torch.tensor(leak, requires_grad=True)
    spikes, last = scan_reference(x, v, leak, rule)
    return spikes.detach(), last.detach(), *torch.autograd.grad((spikes, last), (x, v, leak), (g, w))


def check(x, v, g, w, leak, rule):
    spikes, last, dx, dv, da = by_autograd(x, v, g, w, leak, rule)
    mine, end = forward(x, v, leak, rule, last=True)
    found = backward(x, v, g, w, leak, rule, learns=True)
    assert torch.equal(mine, spikes) and torch.equal(end, last)
    torch.testing.assert_close(found.x, dx, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.v, dv, rtol=1e-5, atol=1e-5)
    assert found.leak == pytest.approx(da.item(), rel=1e-5, abs=1e-5 * max(1, x.numel() ** 0.5))
    return spikes


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_compiled_equals_autograd(rule):
    spikes = check(*problem((16, 3, 500)), 0.9, rule)
    assert 0.05 < spikes.abs().mean() < 0.6
    assert (spikes.min() < 0) == (rule.low is not None)


@pytest.mark.parametrize(
    "shape", [(1, 4, 5), (2, 1), (7,), (3, 1023), (3, 1024), (5, 2, 3, 4, 17), (2, 0, 5), (40, 1025)]
)
@pytest.mark.parametrize("rule", [RULES[0], RULES[-1]], ids=name)
def test_any_shape(shape, rule):
    check(*problem(shape), 0.8, rule)


@given(st.integers(1, 9), st.integers(0, 40), st.floats(0, 1, width=32), st.floats(0.25, 4), st.sampled_from(RULES))
def test_any_leak_and_threshold(steps, neurons, leak, threshold, rule):
    check(*problem((steps, neurons), seed=steps + neurons), leak, rule._replace(threshold=threshold))


def test_without_a_first_potential_it_is_zero():
    x, v, g, w = problem((6, 50))
    assert torch.equal(forward(x, None, 0.9, USUAL, last=False)[0], forward(x, 0 * v, 0.9, USUAL, last=True)[0])
    mine, theirs = (backward(x, each, g, w, 0.9, USUAL, learns=True) for each in (None, 0 * v))
    assert torch.equal(mine.x, theirs.x) and mine.leak == theirs.leak and mine.v is None


def test_a_missing_gradient_is_zero():
    x, v, g, w = problem((6, 50))
    for given_, full in (((None, w), (0 * g, w)), ((g, None), (g, 0 * w))):
        mine, theirs = (backward(x, v, *each, 0.9, USUAL, learns=True) for each in (given_, full))
        assert torch.equal(mine.x, theirs.x) and torch.equal(mine.v, theirs.v)


def test_other_layouts_of_memory():
    """Channels-last goes through as it is; steps in the wrong place are copied."""
    x, v, g, w = problem((4, 2, 3, 5, 6))
    expected = forward(x, v, 0.9, USUAL, last=True)
    wanted = backward(x, v, g, w, 0.9, USUAL, learns=False)
    last = x.flatten(0, 1).contiguous(memory_format=torch.channels_last).view(4, 2, 3, 5, 6)
    assert not last.is_contiguous()
    assert forward(last, v, 0.9, USUAL, last=False)[0].stride() == last.stride()
    inside = x.movedim(0, -1).contiguous().movedim(-1, 0)
    every_other = torch.stack([x, x], -1)[..., 0]
    expanded = g[:, :, :1].expand(g.shape)
    for each in (last, inside, every_other):
        assert all(map(torch.equal, forward(each, v, 0.9, USUAL, last=True), expected))
        found = backward(each, v, g, w, 0.9, USUAL, learns=False)
        assert torch.equal(found.x, wanted.x) and torch.equal(found.v, wanted.v)
        found = backward(each, v, expanded, w, 0.9, USUAL, learns=False)
        assert torch.equal(found.x, backward(x, v, expanded.contiguous(), w, 0.9, USUAL, learns=False).x)


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_nan_stays_in_its_neuron(rule):
    x, v, g, w = problem((6, 40))
    x[2, 7] = torch.nan
    spikes, last = forward(x, v, 0.9, rule, last=True)
    expected, end, dx, *_ = by_autograd(x, v, g, w, 0.9, rule)
    found = backward(x, v, g, w, 0.9, rule, learns=False)
    assert torch.equal(spikes, expected) and not spikes[2:, 7].any()
    assert torch.equal(last.isnan(), end.isnan()) and last.isnan().sum() == 1
    assert torch.equal(found.x.isnan(), dx.isnan())
    torch.testing.assert_close(found.x, dx, rtol=1e-5, atol=1e-5, equal_nan=True)


def test_threads_of_torch_change_nothing(monkeypatch):
    x, v, g, w = problem((4, 5003))
    one = (*forward(x, v, 0.9, USUAL, last=True), *backward(x, v, g, w, 0.9, USUAL, learns=False)[:2])
    monkeypatch.setattr(membrane, "_SHARE", 1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    pools, pool = [], membrane.ThreadPoolExecutor
    monkeypatch.setattr(membrane, "ThreadPoolExecutor", lambda workers: pools.append(workers) or pool(workers))
    many = (*forward(x, v, 0.9, USUAL, last=True), *backward(x, v, g, w, 0.9, USUAL, learns=False)[:2])
    assert pools == [3, 3] and all(map(torch.equal, one, many))


def test_an_error_in_a_thread_is_not_lost(monkeypatch):
    monkeypatch.setattr(membrane, "_SHARE", 1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def work(low, _high):
        if low:
            raise MemoryError
        return 0.0

    with pytest.raises(MemoryError):
        membrane._share_out(work, torch.zeros(4, 5000))


def test_many_python_threads_at_once():
    x, v, g, w = problem((8, 3000))
    expected = backward(x, v, g, w, 0.9, USUAL, learns=True)
    results = [None] * 6

    def work(i):
        results[i] = [backward(x, v, g, w, 0.9, USUAL, learns=True) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for found in itertools.chain(*results):
        assert torch.equal(found.x, expected.x) and found.leak == expected.leak


def _in_a_child(queue):
    membrane._SHARE = 1000
    torch.get_num_threads = lambda: 2
    x, v, _, _ = problem((4, 5003))
    queue.put(float(forward(x, v, 0.9, USUAL, last=False)[0].sum()))


def test_a_forked_process_can_use_it():
    x, v, _, _ = problem((4, 5003))
    expected = float(forward(x, v, 0.9, USUAL, last=False)[0].sum())
    fork = multiprocessing.get_context("fork")
    queue = fork.SimpleQueue()
    child = fork.Process(target=_in_a_child, args=(queue,))
    child.start()
    child.join(60)
    assert child.exitcode == 0 and queue.get() == expected


@pytest.mark.parametrize("n", [0, 1, 63, 64, 2047, 2048, 2049, 5000])
def test_bits_there_and_back(n):
    x = (torch.rand(n, generator=torch.Generator().manual_seed(n)) < 0.3).float()
    bits = pack(x)
    assert bits.dtype == torch.int32 and bits.nbytes <= x.nbytes / 32 + 256
    assert torch.equal(bits, pack_reference(x)) and torch.equal(bits, pack(x.double()))
    assert torch.equal(unpack(bits, torch.empty(n)), x)
    assert torch.equal(unpack_reference(bits, torch.empty(n)), x)
    assert torch.equal(unpack(bits, torch.empty(n, dtype=torch.float64)), x.double())


@pytest.mark.parametrize("value", [-0.0, 0.5, 2.0, torch.nan, -1.0, torch.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_anything_else_is_not_bits(value, dtype):
    x = torch.ones(3000, dtype=dtype)
    x[2999] = value
    assert pack(x) is None


@pytest.mark.parametrize("n", [1 << 20, (1 << 20) + 4096, 1 << 23])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_memory_is_ordinary_memory(n, dtype):
    x = torch.empty(n, dtype=dtype).view(4, -1, 64).transpose(1, 2).requires_grad_()
    y = fresh_like(x)
    assert y.shape == x.shape and y.dtype == x.dtype and y.stride() == x.stride()
    assert not y._is_view() and not y.requires_grad
    assert y.data_ptr() % (1 << 21) == 0 or (not y.data_ptr() % 64 and not hasattr(mmap, "MADV_HUGEPAGE"))
    y = y.transpose(1, 2).flatten()
    y[:: 1 << 12] = 1.0
    assert y[:: 1 << 12].sum() == n >> 12


def test_large_memory_is_used_again_when_nobody_holds_it():
    x = torch.empty(1 << 21)
    y = fresh_like(x)
    place, view = y.data_ptr(), y[5:9]
    view.fill_(3.0)
    del y
    other = fresh_like(x).fill_(7.0)
    assert other.data_ptr() != place and view.tolist() == [3.0] * 4
    del view
    assert fresh_like(x).data_ptr() == place


def test_a_large_result_is_changed_in_place_like_any_other():
    x = torch.rand(16, 1 << 16, requires_grad=True)
    s = spike(x).spikes
    s.mul_(2)
    s.sum().backward()
    assert x.grad is not None and x.grad.data_ptr() % 64 == 0
