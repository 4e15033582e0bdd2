"""The verbs ``convert`` and ``quantise``: their passes in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from picojoule.base.errors import ConversionError, InputError
from picojoule.base.progress import say
from picojoule.codes import Code, Hybrid
from picojoule.conversion.calibration import fit_codes, fit_layers, known
from picojoule.conversion.carry import carry
from picojoule.conversion.check import exactly
from picojoule.conversion.densities import densities
from picojoule.conversion.fold import fold
from picojoule.conversion.histogram import histograms, require_finite
from picojoule.conversion.island import as_island
from picojoule.conversion.normalise import agreed, normalise
from picojoule.conversion.quantise import quantise_network, weights_only
from picojoule.conversion.read_out import read_out
from picojoule.conversion.relay import relay
from picojoule.conversion.standardise import standardise
from picojoule.conversion.straighten import straighten
from picojoule.conversion.to_spiking import to_spiking
from picojoule.conversion.trace import trace
from picojoule.data.batches import collect, first, inputs
from picojoule.ir import Activation, Fate, Input, Island, Network, Pointwise, Quantise, ReLU
from picojoule.ir.dense import evaluate_all
from picojoule.ir.stages import FOLDED, NORMAL, QUANTISED, SPIKING, verify

_BATCH = 64
_SMALLEST_SCALE = 1e-6


def convert(
    model: nn.Module | Network,
    calibration: Any,
    *,
    code: Code | Hybrid | Mapping[str, Code],
    norm: Literal["channel", "layer"] = "channel",
    percentile: float | str = 99.9,
    input: Literal["auto", "coded", "analogue"] = "auto",
    weight_bits: int = 32,
    islands: bool | Literal["coded"] = False,
    calibrate: Sequence[str] = (),
) -> Network:
    """A spiking network from a trained one. The model is not changed.

    Args:
        model: the user's module, or a network from :func:`~picojoule.conversion.trace.trace`.
        calibration: inputs like those it will see; anything :func:`picojoule.data.batches.batches` takes.
        code: what a spike means: one code; one for the input and one for the rest; or one per activation by the name of
            its node (``"input"`` for the input).
        norm: scales per channel, or one per layer as the older papers have it.
        percentile: of the activations of a channel that a neuron can still express; 100 is the largest seen.
            ``"99.9%"`` and ``"max"`` are understood.
        input: ``coded``: the input fires spikes of its own; ``analogue``: it is a current into the first layer;
            ``auto``: as a hybrid code has it, else coded where no calibration input is negative.
        weight_bits: store the weights in so many bits, 2 … 16; 32 leaves them as they are.
        islands: let an operation that no neuron does stay, as an analogue island, which is computed in numbers when
            its inputs are complete, and counted and priced as such; without, it is an error. ``"coded"``: what it
            gives reaches weight layers as spikes of identity neurons, not as a current.
        calibrate: what else to fit, any of :data:`picojoule.conversion.calibration.CALIBRATIONS`.

    Returns:
        A network whose ``conversion`` says what became of each node.

    Raises:
        ConversionError: an operation that cannot be converted, or codes that cannot meet.
        DataError: calibration data that is empty or not finite.
        InputError: an option that makes no sense.
    """
    if weight_bits != 32:
        _require_bits(weight_bits, "convert(weight_bits=...)")
    if islands not in (True, False, "coded"):
        raise InputError(f"islands={islands!r}", where="convert", remedy='choose True, False or "coded"')
    calibrate, percentile = known(calibrate), _percent(percentile)
    network, example = _folded(model, calibration, bool(islands))
    network = _settled(network, code) if islands else network
    low, high = _input_range(network, calibration)
    coded = _coded(input, code, low)
    network = _carried(network, example, coded, islands == "coded")
    codes = _codes(network, calibration, code)
    codes, scales = _scales(network, calibration, codes, norm, percentile, calibrate)
    scales["input"] = torch.full((network.input.shape[0],), high if coded else 1.0)
    scales = agreed(network, scales)
    choices = {
        "code": ", ".join(sorted({each.label for each in codes.values()})),
        "norm": norm,
        "percentile": f"{percentile:g}",
        "input": f"coded, 1 stands for {high:g}" if coded else "analogue",
        "input range": f"{low:g} to {high:g}",
    }
    normal = verify(exactly(normalise, network, example, scales), NORMAL)
    spiking = relay(read_out(to_spiking(normal, codes, scales, coded_input=coded)))
    choices |= _told_islands(spiking)
    spiking = fit_layers(spiking, normal, calibration, calibrate)
    label = " +".join([_common_label(code) if isinstance(code, Mapping) else code.label, *calibrate])
    choices |= {"calibrated": ", ".join(calibrate)} if calibrate else {}
    named = verify(spiking.evolve(spiking.nodes, choices=choices, name=label), SPIKING)
    return weights_only(named, weight_bits) if weight_bits < 32 else named


def quantise(
    model: nn.Module | Network, calibration: Any, *, bits: int = 8, samples: int = 256, islands: bool = False
) -> Network:
    """A quantised ANN: weights and activations in `bits` bits, after training.

    Args:
        model: the user's module, or a traced network.
        calibration: inputs like those it will see; the first `samples` fit the grids.
        bits: 2 … 16.
        samples: calibration inputs used.
        islands: as for :func:`convert`; what an island gives is put on a grid, too.

    Raises:
        ConversionError: an operation that cannot be converted.
        InputError: a width that makes no sense.
    """
    _require_bits(bits, "quantise(bits=...)")
    network, example = _folded(model, calibration, islands)
    network = _carried(network, example, True)
    with torch.no_grad():
        values = evaluate_all(network.nodes, network.check_input(collect(calibration, _BATCH, samples)))
    wanted = {node.name: values[node.name] for node in network.nodes if isinstance(node, (Pointwise, Island, Input))}
    for name, each in wanted.items():
        require_finite(each, name)
    return verify(quantise_network(network, wanted, bits), QUANTISED)


def reference_of(model: nn.Module | Network, example: Tensor, *, coded_input: bool) -> Network:
    """The ANN as it is right before neurons take the place of its ReLUs, which have the names of those neurons.

    Args:
        model: as for :func:`convert`.
        example: one sample as a batch.
        coded_input: whether the input fires.
    """
    network, example = _folded(model, example, True)
    return _carried(network, example, coded_input)


def _percent(given: float | str) -> float:
    """A percentile as people write it: 99.9, "99.9%" or "max"."""
    try:
        return 100.0 if given == "max" else float(str(given).removesuffix("%"))
    except ValueError:
        raise InputError(f"percentile={given!r}", where="convert", remedy='use 99.9, "99.9%" or "max"') from None


def _require_bits(bits: int, where: str) -> None:
    if not 2 <= bits <= 16:
        raise InputError(f"{bits} bits", where=where, remedy="use 2 to 16")


def _folded(model: nn.Module | Network, calibration: Any, islands: bool) -> tuple[Network, Tensor]:
    example = first(calibration)
    network = model if isinstance(model, Network) else trace(model, example, islands=islands)
    if network.spiking or any(network.all(Quantise)):
        what = "it is spiking already" if network.spiking else "it is quantised already"
        raise ConversionError(what, where=network.name, remedy="convert the ANN it was made from")
    example = network.check_input(example)
    return verify(exactly(fold, network, example), FOLDED), example


def _settled(network: Network, code: Code | Mapping[str, Code]) -> Network:
    """Smooth activations that the code computes, and an island for each that it does not."""
    instead = {}
    for node in network.all(Activation):
        own = code if isinstance(code, Code) else code.get(node.name) if isinstance(code, Mapping) else None
        if own is None or not own.computes:
            instead[node.name] = as_island(node)
    fates = [Fate(each.name, each.operation, "analogue island", "settle") for each in instead.values()]
    return network.evolve([instead.get(node.name, node) for node in network.nodes], fates=fates) if instead else network


def _carried(network: Network, example: Tensor, coded_input: bool, coded_islands: bool = False) -> Network:
    """Activations where neurons, or grids, have to be, so that weights and maxima are taken of what they give."""
    network = exactly(standardise, network, example)
    network = exactly(straighten, network, example) if coded_islands else network  # one population for one value
    carried = exactly(carry, network, example, coded_input, coded_islands)
    network = network if carried is network else exactly(standardise, carried, example)
    return verify(exactly(straighten, network, example), FOLDED)


def _told_islands(network: Network) -> dict[str, str]:
    """How many analogue islands there are, and of what; nothing where there are none."""
    found = Counter(node.operation for node in network.all(Island))
    told = ", ".join(f"{number} {operation}" for operation, number in sorted(found.items()))
    return {"analogue islands": f"{found.total()}: {told}"} if found else {}


def _common_label(codes: Mapping[str, Code]) -> str:
    labels = {each.label for each in codes.values()}
    return labels.pop() if len(labels) == 1 else "hybrid"


def _codes(network: Network, calibration: Any, code: Code | Hybrid | Mapping[str, Code]) -> dict[str, Code]:
    """The code of every activation, made to compute it, and of the input, by name."""
    nodes = list(network.all(Pointwise))
    names = [node.name for node in nodes]
    if not names:
        raise ConversionError(
            "the network has no ReLU to become spiking neurons",
            where=network.name,
            remedy="convert a network with ReLUs",
        )
    if isinstance(code, Hybrid):
        given: Mapping[str, Code] = {**dict.fromkeys(names, code.hidden), "input": code.input or code.hidden}
    elif isinstance(code, Code):
        given = dict.fromkeys((*names, "input"), code)
    elif not isinstance(code, Mapping) or not all(isinstance(each, Code) for each in code.values()):
        raise InputError(
            f"{code!r} is no code", where="convert(code=...)", remedy="give one such as picojoule.codes.TTFS(steps=80)"
        )
    else:
        given = {"input": code.get(names[0]), **code}  # type: ignore[dict-item]
    unknown, missing = set(given) - {*names, "input"}, set(names) - set(given)
    if unknown or missing:
        raise ConversionError(
            f"codes for {sorted(unknown) or 'no'} unknown nodes and none for {sorted(missing) or 'no'} activations",
            where="convert(code=...)",
            remedy=f"give one code, or one for each of {', '.join(names)}",
        )
    rectified = {node.name: _carrying(given[node.name], node) for node in network.all(ReLU)}
    return {"input": given["input"], **rectified, **_computing(network, calibration, given)}


def _computing(network: Network, calibration: Any, given: Mapping[str, Code]) -> dict[str, Code]:
    """The code of every smooth activation, fitted to the drives that it sees."""
    fitted = {}
    seen = densities(network, inputs(calibration, _BATCH))
    for number, node in enumerate(network.all(Activation)):
        say(f"fitting {node.function} of {node.name} ({number + 1} of {len(seen)})")
        with _told_of(given[node.name], node):
            fitted[node.name] = given[node.name].computing(node.function, *seen[node.name])
    return fitted


def _carrying(code: Code, node: ReLU) -> Code:
    """The code of neurons that compute what the ReLU does."""
    with _told_of(code, node):
        return code.carrying(node.slope)


@contextmanager
def _told_of(code: Code, node: Pointwise) -> Iterator[None]:
    """A refusal of the code, told of the node."""
    try:
        yield
    except InputError as error:
        raise ConversionError(
            f"{code.label} neurons cannot compute {node.kind}: {error.what}",
            where=f"node {node.name}",
            remedy=error.remedy,
        ) from None


def _input_range(network: Network, calibration: Any) -> tuple[float, float]:
    """The smallest and the largest calibration input."""
    low = high = 0.0
    for x in inputs(calibration, _BATCH):
        network.check_input(x)
        low, high = min(low, x.min().item()), max(high, x.max().item())
    return low, high if high > 0 else 1.0


def _coded(choice: str, code: Any, low: float) -> bool:
    if choice not in ("auto", "coded", "analogue"):
        raise InputError(f"input={choice!r}", where="convert", remedy="choose auto, coded or analogue")
    if isinstance(code, Hybrid):
        own = "coded" if code.input else "analogue"
        if choice not in ("auto", own):
            raise InputError(
                f"input={choice!r} and {code.label}", where="convert", remedy=f"leave input out: it is {own}"
            )
        choice = own
    if choice == "coded" and low < 0:
        raise ConversionError(
            f"inputs go down to {low:g}, and a spike cannot carry a negative value",
            where="convert(input='coded')",
            remedy="use input='analogue', or inputs that are not negative",
        )
    return choice == "coded" or (choice == "auto" and low >= 0)


def _scales(
    network: Network,
    calibration: Any,
    codes: Mapping[str, Code],
    norm: str,
    percentile: float,
    calibrate: Sequence[str],
) -> tuple[Mapping[str, Code], dict[str, Tensor]]:
    """The codes, and λ of every activation, ``[channels]``: 1 of a smooth one; of a ReLU's channel that never fires its
    layer's."""
    if norm not in ("channel", "layer"):
        raise InputError(f"norm={norm!r}", where="convert", remedy="choose channel or layer")
    if not 0 < percentile <= 100:
        raise InputError(f"percentile={percentile}", where="convert", remedy="use a number above 0, up to 100")
    wanted = {node.name: codes[node.name].below for node in network.all(ReLU)}
    found = histograms(network, inputs(calibration, _BATCH), wanted) if wanted else {}
    scales = {}
    for name, histogram in found.items():
        per_channel = histogram.percentile(percentile)
        layer = per_channel.max().clamp_min(_SMALLEST_SCALE)
        used = per_channel if norm == "channel" else layer.expand(len(per_channel))
        scales[name] = torch.where(used > _SMALLEST_SCALE * layer, used, layer)
    codes, scales = fit_codes(found, codes, scales, norm, calibrate)
    return codes, scales | {node.name: torch.ones(node.shape[0]) for node in network.all(Activation)}
