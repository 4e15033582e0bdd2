"""The nodes of a network. A node is a value that *represents* an operation; :mod:`picojoule.ir.dense` evaluates it.

Every node carries its explicit output shape (without the batch axis). ``x`` is its input.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf, prod
from typing import Self, final

from torch import Tensor, nn

from picojoule.codes import Code


@dataclass(frozen=True, kw_only=True, eq=False)
class Node(ABC):
    """One operation of a network.

    Attributes:
        name: unique in its network.
        inputs: names of the nodes it reads.
        shape: shape of its output, without the batch axis.
    """

    name: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Values of one sample of its output."""
        return prod(self.shape)

    def reading(self, instead: Mapping[str, str]) -> Self:
        """This node, reading other nodes instead of the named ones."""
        return replace(self, inputs=tuple(instead.get(name, name) for name in self.inputs))


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Input(Node):
    """The network's input, analogue: y = x / scale.

    Attributes:
        scale: the input value that becomes 1.
    """

    inputs: tuple[str, ...] = field(default=())
    scale: float = 1.0


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Frames(Node):
    """y(t) = x[t]: an input ``[steps, ...]`` shown frame by frame. A value that is not zero is an event worth it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightLayer(Node, ABC):
    """A linear map with weights and a bias.

    Attributes:
        weight: outputs first.
        bias: ``[out]``, or one number for each value of the output; zeros where the layer has none.
        has_bias: False where the bias is zero by construction, so that nothing is counted for it.
        bits: width in which a weight is stored.
    """

    weight: Tensor
    bias: Tensor
    has_bias: bool = True
    bits: int = 32


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(WeightLayer):
    """Convolution, 1d or 2d by the rank of its weight ``[out, in/groups, *kernel]``, zero padding."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ConvTranspose(WeightLayer):
    """Transposed convolution, 1d or 2d: input x reaches output x·stride − padding + k·dilation by tap k.

    Its weight is ``[out, in/groups, *kernel]`` as a convolution's, not the other way round as torch has it.
    """

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(WeightLayer):
    """y = W·x + b, W ``[out, in]``, on vectors."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Affine(Node):
    """y = gain·x + shift: batch norm in evaluation, a number or a tensor times or plus x. Folding removes it.

    Attributes:
        gain, shift: a number, one for each channel, or of the rank of the output and broadcastable to it.
    """

    gain: Tensor
    shift: Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Node):
    """y = Σ of its inputs: where branches of a residual network meet."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pointwise(Node, ABC):
    """A function of single values that neurons compute."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What users call it."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ReLU(Pointwise):
    """y = min(max(x, slope·x), ceiling), piecewise linear and monotone: ReLU, ReLU6, leaky ReLU, identity (slope 1).

    Attributes:
        slope: α ≥ 0 of the values below zero.
        ceiling: the largest output.
    """

    slope: float = 0.0
    ceiling: float = inf

    @property
    def kind(self) -> str:
        if self.slope:
            return "identity" if self.slope == 1 else f"leaky ReLU ({self.slope:g})"
        return "ReLU" if self.ceiling == inf else f"ReLU{self.ceiling:g}"


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Activation(Pointwise):
    """y = f(scale·x)/scale: a smooth function of single values.

    Attributes:
        function: the name of f in :data:`picojoule.codes.few_spikes.FUNCTIONS`.
        scale: the value that 1 stands for.
    """

    function: str
    scale: float = 1.0

    @property
    def kind(self) -> str:
        return self.function


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool(Node):
    """Largest value of each window. On spikes: the change of the largest running sum, so that its total is exact."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil: bool = False


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class AvgPool(Node):
    """Mean of each window; its factor belongs to the weights behind it, so an event stays one event."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    ceil: bool = False
    count_padding: bool = True


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Flatten(Node):
    """All axes of a sample in one."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Rewire(Node):
    """y[i] = x[index[i]], or 0 where index[i] is −1: slices, padding, concatenation, upsampling, permutations.

    Attributes:
        index: int64 ``[values]``, into the values of all inputs one after the other.
    """

    index: Tensor


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Quantise(Node):
    """y = step·clip(round(x/step), 0, 2^bits − 1): an activation on an unsigned grid, or a signed one around 0.

    Attributes:
        step: width of the grid.
        bits: width in which a value is stored.
        signed: the grid is −2^(bits−1) … 2^(bits−1) − 1.
    """

    step: float
    bits: int
    signed: bool = False


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Island(Node):
    """An analogue island, y = f(x₀·scale₀, x₁·scale₁, …): an operation that no neuron does, computed once in numbers.

    In a spiking network it takes in all that its inputs give over their windows, decodes it, and computes; what it
    gives is there from then on, as the network's input is.

    Attributes:
        operation: the name of f.
        function: f, batches in and out, with the parameters it needs.
        scales: of each input, broadcastable to it.
        macs: multiply-accumulates of one sample.
        weights: parameters in it.
    """

    operation: str
    function: nn.Module
    scales: tuple[Tensor, ...]
    macs: int
    weights: int = 0


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Fire(Node):
    """Spiking neurons: a membrane for each value of its input, firing by `code`.

    Attributes:
        code: what their spikes mean.
        layer: the layer they belong to in tables (the weight layer that drives them, or ``input``).
        scale: the value a decoded 1 stands for in the original network, a scalar or one per channel.
        start: potential of each neuron before the first step, ``[channels]`` or of the node's shape; None: the code's.
    """

    code: Code
    layer: str
    scale: Tensor
    start: Tensor | None = None
