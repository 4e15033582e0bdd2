"""Networks from darknet's files: a ``.cfg`` of sections and a ``.weights`` of numbers, as the YOLOs are published.

The module it makes is a plain ``nn.Module``. Its outputs are the raw maps that the detection sections read: one
tensor, or a tuple of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from picojoule.base.errors import WeightsError
from picojoule.data import npz

_HEADS = ("yolo", "region")
_REMEDY = "give a network of the sections that are supported"
_MOST = 2**20


@final
@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a ``.cfg`` file.

    Attributes:
        kind: its name, such as ``convolutional``.
        options: what it sets.
        where: file and line, for errors.
    """

    kind: str
    options: dict[str, str]
    where: str

    def number(self, name: str, default: int | None = None, *, low: int = 1) -> int:
        """A whole number of at least `low`, and of a size that a network can have.

        Raises:
            WeightsError: it is missing, or no such number.
        """
        value = self.options.get(name, default)
        try:
            number = int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            what = "is missing" if value is None else f"is {value[:40]!r}, no whole number"  # type: ignore[index]
            raise WeightsError(f"{name} {what}", where=self.where, remedy="correct the line") from None
        if not low <= number < _MOST:
            remedy = f"give a number from {low} to {_MOST - 1}"
            raise WeightsError(f"{name} is {str(value)[:40]}", where=self.where, remedy=remedy)
        return number

    def numbers(self, name: str) -> list[int]:
        """Whole numbers between commas."""
        try:
            return [int(each) for each in self.options[name].split(",")]
        except (KeyError, ValueError):
            given = self.options.get(name)
            raise WeightsError(f"{name} is {given!r}", where=self.where, remedy="give whole numbers") from None


def load_darknet(cfg: Path | str, weights: Path | str | None = None) -> Darknet:
    """The network of a ``.cfg`` file with the weights of a ``.weights`` file, in evaluation mode.

    Args:
        cfg: the ``.cfg`` file, or an ``.npz`` with ``cfg`` (text) and ``weights`` (numbers in darknet's order).
        weights: the ``.weights`` file; for an ``.npz`` None.

    Raises:
        WeightsError: a file that is missing or damaged, a section that is not supported, maps that do not fit each
            other, or another number of weights.
    """
    cfg = Path(cfg)
    if cfg.suffix == ".npz":
        arrays = npz.read(cfg, npz.headers(cfg, error=WeightsError), error=WeightsError)
        if not {"cfg", "weights"} <= arrays.keys():
            raise WeightsError("it has no cfg and weights", where=str(cfg), remedy="give darknet's own two files")
        text, numbers, origin = str(arrays["cfg"]), arrays["weights"].astype(np.float32), str(cfg)
    else:
        if weights is None:
            raise WeightsError("no weights are given", where=str(cfg), remedy="name the .weights file too")
        text, numbers, origin = _text(cfg), _numbers(Path(weights)), str(weights)
    given = sections(text, where=str(cfg))
    with torch.device("meta"):  # nothing is allocated before it is known to fit
        model = Darknet(given).eval()
    _require_fit(model, given[1:])
    return _filled(model, numbers, origin)


def class_names(cfg: Path | str) -> tuple[str, ...]:
    """The names of the classes where the file has them, which only an ``.npz`` can; none else."""
    cfg = Path(cfg)
    if cfg.suffix != ".npz" or "names" not in npz.headers(cfg, error=WeightsError):
        return ()
    return tuple(str(each) for each in npz.read(cfg, ("names",), error=WeightsError)["names"])


def sections(text: str, *, where: str) -> list[Section]:
    """The sections of a ``.cfg`` file, the first of which is ``net``.

    Raises:
        WeightsError: a line that is neither a section nor an option, or no ``net``.
    """
    found: list[Section] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#")[0].split(";")[0].strip()
        if line.startswith("[") and line.endswith("]"):
            found.append(Section(kind=line[1:-1].strip(), options={}, where=f"{where}, line {number} [{line[1:-1]}]"))
        elif line:
            name, equals, value = line.partition("=")
            if not equals or not found:
                raise WeightsError(
                    f"line {number} is {raw.strip()[:40]!r}", where=where, remedy="give [sections] of name=value lines"
                )
            found[-1].options[name.strip()] = value.strip()
    if not found or found[0].kind not in ("net", "network"):
        raise WeightsError("it does not begin with [net]", where=where, remedy="give a darknet .cfg file")
    return found


@final
class Darknet(nn.Module):
    """The network of some sections; its weights are those of a fresh module until they are filled in.

    Attributes:
        channels, height, width: of the pictures it takes.
        heads: the sections that read its outputs, in order.
    """

    def __init__(self, given: Sequence[Section]) -> None:
        super().__init__()
        net, *rest = given
        self.channels, self.height, self.width = (net.number(name) for name in ("channels", "height", "width"))
        self.heads: list[Section] = []
        self.parts = nn.ModuleList()
        self._reads: list[tuple[int, ...]] = []
        self._outputs: list[int] = []
        made: list[int] = []  # channels of every section
        for section in rest:
            if section.kind not in _SECTIONS:
                raise WeightsError(
                    f"the section [{section.kind}] is not supported",
                    where=section.where,
                    remedy=f"{_REMEDY}: {', '.join(sorted(_SECTIONS))}",
                )
            if section.kind in _HEADS:
                self.heads.append(section)
                self._outputs.append(len(made) - 1)
            reads, part, channels = _SECTIONS[section.kind](section, made or [self.channels], len(made))
            self.parts.append(part)
            self._reads.append(reads)
            made.append(channels)
        self._outputs = self._outputs or [len(made) - 1]

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Pictures ``[batch, channels, height, width]`` in [0, 1] to raw maps ``[batch, channels, h, w]``."""
        values = list(self.maps(x))
        outputs = tuple(values[each] for each in self._outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """What each section makes of the pictures."""
        values: list[Tensor] = []
        for part, reads in zip(self.parts, self._reads, strict=True):
            values.append(part(*(values[each] if each >= 0 else x for each in reads)))
            yield values[-1]


Made = tuple[tuple[int, ...], nn.Module, int]
"""The sections that one reads (−1: the picture), its module, and its channels."""


class Sum(nn.Module):
    """Two maps added."""

    def __init__(self, after: nn.Module) -> None:
        super().__init__()
        self.after = after

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        """x + other, and the activation behind."""
        return self.after(x + other)


class Join(nn.Module):
    """Maps one after the other, each with one of some equal groups of its channels."""

    def __init__(self, groups: int, group: int) -> None:
        super().__init__()
        self.groups, self.group = groups, group

    def forward(self, *maps: Tensor) -> Tensor:
        """All channels of all maps."""
        parts = [each if self.groups == 1 else each.chunk(self.groups, 1)[self.group] for each in maps]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "leaky": lambda: nn.LeakyReLU(0.1),
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "logistic": nn.Sigmoid,
    "swish": nn.SiLU,
    "mish": nn.Mish,
}


def _activation(section: Section, default: str) -> nn.Module:
    name = section.options.get("activation", default)
    if name not in _ACTIVATIONS:
        raise WeightsError(
            f"the activation {name!r} is not supported",
            where=section.where,
            remedy=f"use one of {', '.join(_ACTIVATIONS)}",
        )
    return _ACTIVATIONS[name]()


def _convolutional(section: Section, made: Sequence[int], place: int) -> Made:
    """``pad=1`` means half the kernel on each side, whatever the number."""
    size, filters = section.number("size", 1), section.number("filters", 1)
    padding = size // 2 if section.number("pad", 0, low=0) else section.number("padding", 0, low=0)
    normed, stride, groups = (
        section.number(name, d, low=d) for name, d in (("batch_normalize", 0), ("stride", 1), ("groups", 1))
    )
    inputs = made[-1]
    if inputs % groups or filters % groups:
        raise WeightsError(f"{groups} groups of {inputs} and {filters} channels", where=section.where, remedy=_REMEDY)
    conv = nn.Conv2d(inputs, filters, size, stride, padding, groups=groups, bias=not normed)
    norm: nn.Module = nn.BatchNorm2d(filters, eps=1e-5) if normed else nn.Identity()
    return (place - 1,), nn.Sequential(conv, norm, _activation(section, "logistic")), filters


def _maxpool(section: Section, made: Sequence[int], place: int) -> Made:
    """size − 1 more rows and columns than there are, half of them (rounded down) in front, as −∞."""
    stride = section.number("stride", 1)
    size = section.number("size", stride)
    total = section.number("padding", size - 1, low=0)
    pool = nn.MaxPool2d(size, stride, total // 2) if total % 2 == 0 else Uneven(size, stride, total)
    return (place - 1,), pool, made[-1]


class Uneven(nn.Module):
    """A maximum pool with one more row and column of −∞ behind than in front."""

    def __init__(self, size: int, stride: int, total: int) -> None:
        super().__init__()
        self.size, self.stride, self.behind = size, stride, (total + 1) // 2
        self.pool = nn.MaxPool2d(size, 1, self.behind)

    def forward(self, x: Tensor) -> Tensor:
        """Every window of the padded map, but the first row and column, which have one row too many in front."""
        return self.pool(x)[:, :, 1 :: self.stride, 1 :: self.stride]


def _avgpool(section: Section, made: Sequence[int], place: int) -> Made:
    return (place - 1,), nn.AdaptiveAvgPool2d(1), made[-1]


def _upsample(section: Section, made: Sequence[int], place: int) -> Made:
    return (place - 1,), nn.Upsample(scale_factor=section.number("stride", 2)), made[-1]


def _nothing(section: Section, made: Sequence[int], place: int) -> Made:
    return (place - 1,), nn.Identity(), made[-1]


def _route(section: Section, made: Sequence[int], place: int) -> Made:
    reads = tuple(_section(section, each, place) for each in section.numbers("layers"))
    groups, group = section.number("groups", 1), section.number("group_id", 0, low=0)
    if group >= groups or any(made[each] % groups for each in reads):
        raise WeightsError(f"group {group} of {groups}", where=section.where, remedy=_REMEDY)
    return reads, Join(groups, group), sum(made[each] // groups for each in reads)


def _shortcut(section: Section, made: Sequence[int], place: int) -> Made:
    other = _section(section, section.number("from", low=-_MOST), place)
    if made[other] != made[-1]:
        raise WeightsError(f"it adds {made[other]} channels to {made[-1]}", where=section.where, remedy=_REMEDY)
    return (place - 1, other), Sum(_activation(section, "linear")), made[-1]


def _section(section: Section, number: int, place: int) -> int:
    """The section that a number means, counted from this one where it is negative."""
    target = number if number >= 0 else place + number
    if not 0 <= target < place:
        raise WeightsError(f"there is no layer {number} before it", where=section.where, remedy="name an earlier layer")
    return target


_SECTIONS: dict[str, Callable[[Section, Sequence[int], int], Made]] = {
    "convolutional": _convolutional,
    "maxpool": _maxpool,
    "avgpool": _avgpool,
    "upsample": _upsample,
    "route": _route,
    "shortcut": _shortcut,
    **dict.fromkeys(("dropout", *_HEADS), _nothing),
}


def _require_fit(model: Darknet, given: Sequence[Section]) -> None:
    """Refuse sections whose maps do not fit each other, or that are larger than memory.

    Raises:
        WeightsError: with the first such section.
    """
    maps = model.maps(torch.empty(1, model.channels, model.height, model.width, device="meta"))
    for section in given:
        try:
            size = next(maps).numel()
        except (RuntimeError, OverflowError) as problem:
            what = f"its inputs do not fit ({str(problem).splitlines()[0][:120]})"
            raise WeightsError(what, where=section.where, remedy="correct the section") from None
        npz.require_fits(4 * size, where=section.where, error=WeightsError)


def _filled(model: Darknet, numbers: np.ndarray, where: str) -> Darknet:
    """The network with the numbers in it, in darknet's order: bias or norm first, then the kernel.

    Raises:
        WeightsError: there are too few or too many, or some are not finite.
    """
    needed = sum(place.numel() for place in _places(model))
    if needed != len(numbers):
        what = "it is truncated, or of another network" if len(numbers) < needed else "it is of another network"
        raise WeightsError(f"{len(numbers)} weights where the network has {needed}: {what}", where=where, remedy=_PAIR)
    if not np.isfinite(numbers).all():
        raise WeightsError(
            "weights are not finite numbers", where=where, remedy="give weights of a training that converged"
        )
    model.to_empty(device="cpu")
    start = 0
    with torch.no_grad():
        for norm in (each for each in model.modules() if isinstance(each, nn.BatchNorm2d)):
            norm.num_batches_tracked.zero_()  # type: ignore[union-attr]
        for place in _places(model):
            place.copy_(torch.from_numpy(numbers[start : start + place.numel()].copy()).view_as(place))
            start += place.numel()
    return model


def _places(model: Darknet) -> list[Tensor]:
    return [place for part in model.parts if isinstance(part, nn.Sequential) for place in _in_order(part)]


_PAIR = "give the .cfg and .weights files that were published together"


def _in_order(part: nn.Sequential) -> list[Tensor]:
    conv, norm = part[0], part[1]
    assert isinstance(conv, nn.Conv2d)
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_mean is not None and norm.running_var is not None
        return [norm.bias, norm.weight, norm.running_mean, norm.running_var, conv.weight]
    assert conv.bias is not None
    return [conv.bias, conv.weight]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="strict")
    except (OSError, UnicodeDecodeError) as problem:
        raise WeightsError(f"it cannot be read ({problem})", where=str(path), remedy="check the path") from None


def _numbers(path: Path) -> np.ndarray:
    """The float32 numbers behind the header: three int32 of a version, then the pictures seen, 4 or 8 bytes."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise WeightsError(
            f"it cannot be read ({problem.strerror})", where=str(path), remedy="check the path"
        ) from None
    version = np.frombuffer(content[:12].ljust(12, b"\0"), "<i4")
    header = 12 + (8 if version[0] * 10 + version[1] >= 2 else 4)
    if len(content) < header or (len(content) - header) % 4:
        raise WeightsError("it is no whole number of weights", where=str(path), remedy="copy or download it again")
    return np.frombuffer(content[header:], "<f4")
