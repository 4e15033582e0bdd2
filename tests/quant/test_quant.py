"""Formats, straight-through gradients, counters, and the bounded similarity against its definition bit by bit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import InputError
from picojoule.kernels import truncated
from picojoule.quant import Fixed, Gauge, Hamming, binary, on_grid, products, stack, through
from picojoule.quant.hamming import popcount

WL = 8
Q25 = Fixed(iwl=2, frac=5)


def codes() -> torch.Tensor:
    """Every 8-bit sign-magnitude code as a number of Q2.5, both zeros among them."""
    code = torch.arange(256)
    return torch.where(code >= 128, -1.0, 1.0) * (code % 128) * Q25.step


def by_bits(a: int, b: int, c: int) -> float:
    """HS of two codes, bit by bit."""
    weights = sum(2.0 ** (k + c + 1 - WL) for k in range(WL - 1) if (a >> k & 1) == (b >> k & 1))
    return weights if (a ^ b) < 128 else -weights


@pytest.fixture(scope="module")
def table() -> torch.Tensor:
    values = codes()
    m = values[None, :, None, None].expand(256, -1, -1, -1).contiguous()
    return Hamming().similarity(m, values[:, None, None], stack([Q25]))[..., 0]


def test_closed_form_is_the_sum_over_bits(table):
    assert table.tolist() == [[by_bits(a, b, -3) for b in range(256)] for a in range(256)]


def test_similarity_is_symmetric_bounded_and_largest_with_itself(table):
    assert torch.equal(table, table.T)
    assert table.abs().max() < 2.0**-3
    assert (table.diagonal() == 2.0**-3 * (1 - 2.0**-7)).all()


@pytest.mark.parametrize("frac", [0, 5, 7])
def test_negative_zero_saturation_and_binary(frac):
    q = Fixed(iwl=7 - frac, frac=frac)
    assert q.codes(torch.tensor([-0.01 * q.step, -100.0 * 2**q.iwl, 100.0 * 2**q.iwl, 0.0])).tolist() == [
        128,
        255,
        127,
        0,
    ]
    ends = q.quantise(torch.tensor([-1e6, 1e6]))
    assert ends[0] == -ends[1] == -(2.0**q.iwl - q.step)
    assert binary(torch.tensor([0.0, -0.0, 1e-9, -1e-9])).tolist() == [1, 1, 1, -1]


@given(st.floats(-20, 20), st.integers(1, 6), st.sampled_from(["truncate", "floor", "nearest"]))
def test_each_rounding_is_its_definition(x, iwl, rounding):
    q = Fixed(iwl=iwl, frac=7 - iwl, rounding=rounding, code="twos")
    steps = torch.tensor(x, dtype=torch.float64) / q.step
    whole = {"truncate": steps.trunc(), "floor": steps.floor(), "nearest": steps.round()}[rounding]
    assert float(q.quantise(torch.tensor([x], dtype=torch.float64))) == float(whole.clamp(-128, 127) * q.step)


def test_twos_complement_has_one_number_more():
    q = Fixed(iwl=2, frac=5, code="twos")
    assert q.codes(torch.tensor([-9.0, -1 / 32, 9.0])).tolist() == [0x80, 0xFF, 0x7F]


def test_lanes_are_quantised_each_in_its_format():
    x = torch.randn(3, 2, 4) * 3
    formats = (Q25, Fixed(iwl=4, frac=3))
    both = stack(formats).quantise(x)
    for lane, q in enumerate(formats):
        assert torch.equal(both[:, lane], q.quantise(x[:, lane]))
    with pytest.raises(InputError, match="one width"):
        stack([Q25, Fixed(iwl=4, frac=4)])
    with pytest.raises(InputError, match="0 bits before the point and 0 behind"):
        Fixed(iwl=0, frac=0)


def test_gradients_pass_straight_through():
    x = torch.tensor([0.3, -9.0, 40.0], requires_grad=True)
    for f in (lambda v: through(v, Q25), binary):
        (grad,) = torch.autograd.grad((f(x) * torch.tensor([1.0, 2.0, 3.0])).sum(), x)
        assert grad.tolist() == [1, 2, 3]


def test_the_gauge_counts_what_is_lost():
    grid = stack([Q25, Fixed(iwl=1, frac=6)])
    x = torch.tensor([[1.0, 3.99, -5.0], [1.0, 3.99, -5.0]])
    gauge = Gauge()
    gauge.add("x", x, grid.quantise(x), grid)
    gauge.add("x", x, grid.quantise(x), grid)
    assert gauge.saturated("x") == pytest.approx([1 / 3, 2 / 3])
    assert gauge.error("x")[0] == pytest.approx((3.99 - 3.96875 + 5 - 3.96875) / 3, abs=1e-6)
    assert gauge.size("x") == pytest.approx([(1 + 3.99 + 5) / 3] * 2) and gauge.names == ("x",)


LANES = (Q25, Fixed(iwl=4, frac=3), Fixed(iwl=1, frac=6))


def operands(*shapes):
    generator = torch.Generator().manual_seed(0)
    grid = stack(LANES)
    return [grid.quantise(2 * torch.randn(*shape, generator=generator)) for shape in shapes], grid


def test_compiled_sums_of_truncated_products_equal_the_reference():
    (m, u, w), grid = operands((5, 6, 3, 7), (5, 3, 7), (7, 3, 4))
    p = grid.column().quantise(torch.rand(5, 6, 3, generator=torch.Generator().manual_seed(1)))
    ends = (grid.step, grid.low, grid.high)
    assert torch.equal(truncated.dot(m, u, *ends), truncated.dot_reference(m, u, *ends))
    assert torch.equal(truncated.weighted(p, m, *ends), truncated.weighted_reference(p, m, *ends))
    assert torch.equal(truncated.matrix(u, w, *ends), truncated.matrix_reference(u, w, *ends))


def test_a_truncated_product_loses_what_the_format_has_no_room_for():
    """Far from the exact dot product, so that the comparison above compares something."""
    (m, u), grid = operands((5, 6, 3, 7), (5, 3, 7))
    assert (products.dot(m, u, grid) - (m * u[:, None]).sum(-1)).abs().max() > 0.05


@pytest.mark.parametrize("measure", [Hamming(), Hamming(aligned=True), Hamming(sign_term="released"), Hamming(scale=0)])
def test_hamming_on_the_cpu_equals_its_torch_form(measure):
    (m, u), grid = operands((5, 6, 3, 7), (5, 3, 7))
    found = {}
    for name, usable in (("compiled", truncated.usable), ("torch", lambda *_: False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(truncated, "usable", usable)
            a, b = m.clone().requires_grad_(), u.clone().requires_grad_()
            z = measure.similarity(a, b, grid)
            z.backward(torch.linspace(-1, 1, z.numel()).view(z.shape))
            found[name] = (z.detach(), a.grad, b.grad)
    for mine, theirs in zip(found["compiled"], found["torch"], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5)


def test_the_gradient_counts_bits():
    """∂HS/∂u = s_v·2^c·(pop v − pop u + [signs differ])."""
    grid = stack([Q25])
    for a, b, expected in ((7, 8, 1 - 3), (7, -8, -(1 - 3 + 1)), (-7, 8, 1 - 3 + 1)):
        u = torch.tensor([[[a * Q25.step]]], requires_grad=True)
        m = torch.tensor([[[[b * Q25.step]]]])
        (grad,) = torch.autograd.grad(Hamming().similarity(m, u, grid).sum(), u)
        assert float(grad) == expected * 2.0**-3, (a, b)


def test_aligned_is_a_distance():
    values = codes()
    m = values[None, :, None, None].expand(256, -1, -1, -1).contiguous()
    found = Hamming(aligned=True).similarity(m, values[:, None, None], stack([Q25]))[..., 0] * 2.0**3
    u, v = values[:, None], values[None]
    same = torch.signbit(u) == torch.signbit(v)
    near = 1 - 2.0**-7 - (u - v).abs().clamp(max=4 - 2.0**-5) / 4
    torch.testing.assert_close(found, torch.where(same, near, -near))


def test_popcount():
    x = torch.arange(2**15 - 1, dtype=torch.int16)
    assert popcount(x).tolist() == [int(i).bit_count() for i in x]


def test_one_formula_for_all_grids():
    x = torch.tensor([-1.26, 0.5, 1.5, 99.0])
    assert on_grid(x, 1.0, -2, 3).tolist() == [-1, 0, 2, 3]
