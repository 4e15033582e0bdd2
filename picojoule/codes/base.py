"""The contract every code declares, and what engines ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, final

import torch
from torch import Tensor

from picojoule.base.errors import InputError
from picojoule.kernels import successive
from picojoule.kernels.staircase import Table
from picojoule.neurons import Neuron


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What a code promises; the conformance suite holds it to every line.

    Attributes:
        closed: ``exact``: what a neuron does follows from all that arrived before its window: it fires first at the
            step that :meth:`Code.staircase` gives, then for :attr:`Code.echoes` more steps, and never again, or as the
            tables of :meth:`Code.successive` say; ``ideal``: :meth:`Code.value` equals the stepped neuron for a drive
            that is the same in every step; ``none``: there is no closed form, and :meth:`Code.value` steps the neuron.
        error: how the error of the decoded value falls with more steps: ``"1/T"``, or ``"2^-T"`` within a period;
            ``"1/√T"``: as that of a mean; ``"none"``: there is no value that its neurons approach.
        payload: what a receiver does with a spike: add a weight (``binary``), shift and add (``power_of_two``),
            or multiply and add (``real``).
        spikes: the most spikes of one neuron in its window; None: one a step.
        monotone: whether a larger drive never carries less; ``within a spike``: at most by its largest one.
        random: spikes are drawn, so that all this holds in the mean of many draws.
    """

    closed: Literal["exact", "ideal", "none"]
    error: Literal["1/T", "2^-T", "1/√T", "none"]
    payload: Literal["binary", "power_of_two", "real"]
    spikes: int | None
    monotone: Literal["always", "within a spike"] = "always"
    random: bool = False


@dataclass(frozen=True, kw_only=True)
class Code(ABC):
    """What a spike means.

    A unit value ``u`` is carried as Σ_t amplitudes[t]·s(t) = repeats·û. Biases and analogue input enter a
    membrane in the shares ``injections[t]``, which sum to ``repeats``, so that all drives keep their proportion.

    Attributes:
        steps: T, length of the window in which a neuron may fire.
    """

    contract: ClassVar[Contract]
    name: ClassVar[str]
    waits: ClassVar[bool]
    """True where a neuron fires only after all its inputs have arrived (a window a layer)."""
    computes: ClassVar[bool] = False
    """True where its neurons can be made to compute a smooth function (:meth:`computing`)."""
    cite: ClassVar[tuple[str, ...]]
    symbols: ClassVar[dict[str, str]] = {}
    """The letter of each setting in the label, by the name of its field."""

    steps: int

    @abstractmethod
    def neuron(self) -> Neuron:
        """The membrane and its fire rule over the window."""

    @abstractmethod
    def amplitudes(self) -> tuple[float, ...]:
        """What a receiver adds, per unit weight, for a spike at step t of the sender's window."""

    @property
    def slope(self) -> float:
        """α: below zero its neurons carry α·x; 0 where they have no spikes below zero."""
        return 0.0

    @property
    def below(self) -> float:
        """The largest magnitude it carries below zero, where 1 is the largest above."""
        return 1.0

    @property
    def sources(self) -> tuple[str, ...]:
        """Cite keys of it with these settings."""
        return self.cite

    @property
    def payload(self) -> Literal["binary", "power_of_two", "real"]:
        """What a receiver does with a spike, with these settings."""
        return self.contract.payload

    def debits(self) -> tuple[float, ...]:
        """What a receiver adds, per unit weight, for a spike below zero at step t; zeros where there are none."""
        return (0.0,) * self.steps

    @property
    def signed(self) -> bool:
        """True where its neurons send spikes below zero, to carry what is there or to correct themselves."""
        return bool(self.slope)

    def carried(self, spikes_tb: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """û of neurons that fired so: Σ_t amplitudes[t]·s(t) / repeats.

        Args:
            spikes_tb: ``[steps, ...]``, bool, or −1, 0 and 1.
            dtype: of the result.
        """
        above, below = (
            torch.tensor(row, dtype=dtype, device=spikes_tb.device).view(-1, *[1] * (spikes_tb.dim() - 1))
            for row in (self.amplitudes(), self.debits())
        )
        return torch.where(spikes_tb < 0, below, above * spikes_tb).sum(0) / self.repeats

    def noise(self, x: Tensor, start: int, steps: int) -> Tensor:
        """A random current into each of its neurons, of codes whose contract says that they are random.

        Args:
            x: the values that the neurons code, ``[batch, ...]``; they enter in the shares of the injections besides.
            start: steps since the beginning.
            steps: how many.

        Returns:
            ``[steps, batch, ...]``. It depends on each sample alone, not on its batch or on how time is cut.
        """
        raise NotImplementedError(f"{self.name} draws nothing")

    @abstractmethod
    def injections(self) -> tuple[float, ...]:
        """The share of biases and analogue input a receiver takes in at step t."""

    @abstractmethod
    def value(self, u: Tensor) -> Tensor:
        """The closed form: what a receiver decodes when the membrane's drive is `u`, in units of u."""

    @abstractmethod
    def staircase(self) -> Table | None:
        """The closed form as a compiled quantiser, of neurons that fire once; None elsewhere."""

    def successive(self) -> successive.Tables | None:
        """The closed form as a compiled successive approximation, of neurons that fire often; None elsewhere."""
        return None

    def carrying(self, slope: float) -> Code:
        """The code of neurons that compute x for x ≥ 0 and slope·x below.

        Raises:
            InputError: it carries no values below zero.
        """
        if slope:
            raise InputError(
                "they carry no values below zero",
                where=f"codes.{type(self).__name__}",
                remedy="use a code with signed spikes, such as codes.Rate, or a network with plain ReLUs",
            )
        return self

    def paced(self, period: int) -> Code:
        """The code with biases and analogue input taken in once every `period` steps, as its senders carry a value.

        Raises:
            InputError: its neurons take them in at times of their own.
        """
        self._require(period == self.pace, f"a value comes once every {period} steps", "use codes.Rate or codes.Burst")
        return self

    @property
    def pace(self) -> int:
        """Steps in which a value is carried once."""
        return round(self.steps / self.repeats)

    def computing(self, function: str, low: float, high: float, density: Sequence[float]) -> Code:
        """The code of neurons that compute a smooth function of their drive.

        Args:
            function: its name in :data:`picojoule.codes.few_spikes.FUNCTIONS`.
            low, high: between which drives were seen, and
            density: how often in equal parts of that range.

        Raises:
            InputError: it computes none.
        """
        raise InputError(
            "they compute no function but a rectifier",
            where=f"codes.{type(self).__name__}",
            remedy="use codes.FewSpikes (few-spikes), or let the function stay as it is with islands=True (--islands)",
        )

    def relaying(self) -> Code:
        """The code of neurons that take in what its own send and send the same: a rectifier's own."""
        return self

    def scaled(self, scale: float) -> Code:
        """The code of neurons that compute f(scale·x)/scale, where its own compute f; the same for a rectifier."""
        return self

    @property
    def lag(self) -> int | None:
        """Steps from the opening of its inputs' window until a neuron may fire; None: until that window is over."""
        return None if self.waits else 0

    @property
    def echoes(self) -> int:
        """Of an exact code, the spikes that follow the first one, a step each, as far as the window reaches."""
        return 0

    @property
    def label(self) -> str:
        """The system's name in every table, such as ``ttfs T=80``; every setting that is not the default is in it."""
        return " ".join([f"{self.name} T={self.steps}", *self.unusual()])

    def unusual(self) -> list[str]:
        """Every setting that is not the default, the steps left out, with its letter; a truth is its word alone."""
        found = []
        for each in fields(self):
            value, letter = getattr(self, each.name), self.symbols.get(each.name, each.name)
            if each.name != "steps" and value != each.default:
                found.append(letter if value is True else f"{letter}={value:.3g}")
        return found

    @property
    def repeats(self) -> float:
        """How many times a constant value is carried during the window."""
        return sum(self.injections())

    def __post_init__(self) -> None:
        self._require(
            isinstance(self.steps, int) and self.steps >= 1, f"steps={self.steps}", "use a whole number of at least 1"
        )

    def _once_a_period(self, period: int) -> tuple[float, ...]:
        return tuple(float(t % period == 0) for t in range(self.steps))

    def _require_period(self, period: int) -> None:
        whole = isinstance(period, int) and period >= 1
        self._require(whole, f"period={period}", "use a whole number of at least 1")
        self._require(whole and self.steps % period == 0, f"steps={self.steps}", f"use a multiple of period={period}")

    def _require(self, true: bool, what: str, remedy: str) -> None:
        if not true:
            raise InputError(what, where=f"codes.{type(self).__name__}", remedy=remedy)
