"""The words of the command line, as tables. Needs neither torch nor numpy, so that ``--help`` is at once there."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from picojoule import __version__

Add = Callable[[argparse.ArgumentParser], None]


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="picojoule", description="Accuracy per joule: networks under every code beside their rivals."
    )
    top.add_argument("--version", action="version", version=f"picojoule {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (help_text, add) in _VERBS.items():
        add(verbs.add_parser(name, help=help_text, description=help_text))
    return top


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _wholes(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between, such as 0.49,0.48") from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _option(*names: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, settings


_COMMON = (
    _option("--device", default="cpu", help="where to compute (default: cpu)"),
    _option("--dtype", default="float32", help="numbers to compute in: float32 or float64"),
    _option("--threads", type=_positive, help="threads of torch"),
    _option("--batch", type=_positive, default=50, help="samples a run (default: 50)"),
    _option("--limit", type=_positive, help="use at most so many test samples"),
    _option("--seed", type=int, default=0, help="seed of everything random (default: 0)"),
    _option("--out", default="out", help="folder for result.json and report.html (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_DATA = (
    _option("--data", help="a folder of images, an .npz file, or package.module:function"),
    _option("--mean", type=_numbers, help="per channel, subtracted from pixels in [0,1]: 0.49,0.48,0.45"),
    _option("--std", type=_numbers, help="per channel, divides the pixels"),
)
_MODEL = (
    _option("--model", help="package.module:function that returns your nn.Module, or a darknet .cfg or .npz"),
    _option("--weights", help="its weights: a .safetensors or plain .npz file, or darknet's .weights"),
    _option("--trust-pickle", action="store_true", help="also load a pickled .pt file, which can run code"),
)
_TRAIN = (_option("--train", action="store_true", help="train the embedded network again first"),)
_MODES = (
    _option(
        "--smoke", dest="mode", action="store_const", const="smoke", default="quick", help="seconds, generated data"
    ),
    _option("--full", dest="mode", action="store_const", const="full", help="the paper's setting; give its data"),
)
_SPREAD = (
    _option("--workers", type=_positive, default=1, help="processes, for recipes that search (default: 1)"),
    _option("--scheduler", help="a Dask scheduler whose workers search instead: tcp://host:8786"),
)
_ENCODER = (_option("--weights", help="weights to start from: a checkpoint, or an encoder's folder for text"),)
_BENCH = (
    _option("--steps", type=_wholes, default=(32, 64), help="time steps of the rate codes (default: 32,64)"),
    _option("--repeats", type=_positive, default=5, help="how often each is timed, in turn (default: 5)"),
    _option("--limit", type=_positive, default=1000, help="test samples for accuracy, at most (default: 1000)"),
    _option("--threads", type=_positive, help="threads of torch"),
    _option("--out", default="out", help="folder for bench.json (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of tables"),
    _option("--quiet", action="store_true", help="no progress"),
)
_CONVERSION = (
    _option(
        "--code",
        default="ttfs",
        help="what a spike means: ttfs, rate:T=32, ttfs:T=12,tau=2, phase-burst:T=32 (default: %(default)s)",
    ),
    _option("--norm", default="channel", help="scales per channel or per layer (default: channel)"),
    _option("--percentile", type=float, default=99.9, help="of activations that can be expressed (default: 99.9)"),
    _option("--input", default="auto", help="coded, analogue, or auto: coded where no input is negative"),
    _option("--weight-bits", type=_positive, default=32, help="store weights in 2 to 16 bits (default: 32)"),
    _option(
        "--islands",
        nargs="?",
        const=True,
        default=False,
        choices=("coded",),
        help="let operations that no neuron does stay analogue, priced as such; coded: layers get spikes of theirs",
    ),
    _option(
        "--calibrate", type=_words, default=(), help="what else to calibrate: kernel,threshold,initial,membrane,bias"
    ),
)
_EXPORT = (
    _option("--to", required=True, choices=("nir", "snntorch", "onnx"), help="the format"),
    _option("--network", help="a network.safetensors of picojoule convert; converted with these options without"),
    _option("--ann", action="store_true", help="the network before its conversion, for onnx"),
    _option("--mode", choices=("strict", "relaxed"), default="strict", help="nir: exact, or as others read it"),
    _option("--dt", type=float, default=1e-4, help="nir: seconds that a step stands for (default: 1e-4)"),
    _option("--out", default="out", help="folder for network.nir, network.onnx or network_snntorch.py (default: out)"),
    _option("--quiet", action="store_true", help="no progress"),
)
_CONVERT = (
    _option("--finetune", type=_positive, help="epochs of training for the code, imitating the model (default: none)"),
    _option("--limit", type=_positive, default=1000, help="calibration samples, at most (default: 1000)"),
    _option("--out", default="out", help="folder for network.safetensors and conversion.json (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_DIAGNOSE = (
    _option("--network", help="a network.safetensors of picojoule convert; converted with these options without"),
    _option("--limit", type=_positive, default=64, help="test samples to look at (default: 64)"),
    _option("--out", default="out", help="folder for diagnosis.json and diagnosis.html (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_TUNE = (
    _option("--max-drop", type=float, default=0.01, help="share of right decisions that may be lost (default: 0.01)"),
    _option("--profile", default="horowitz-45nm-fp32", help="a name of picojoule profiles to price under"),
    _option("--code", type=_words, help="codes to try (default: ttfs,rate,phase,burst,few-spikes)"),
    _option("--weight-bits", type=_wholes, help="widths of weights to try, such as 8,4 (default: the profile's)"),
    _option("--anytime", action="store_true", help="also a rate row that stops as soon as it is confident"),
    _option("--limit", type=_positive, default=1000, help="test samples, half of them unseen (default: 1000)"),
    _option("--out", default="out", help="folder for the network, result.json and report.html (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_FORMATS = (_option("-o", "--output", help="file: .html .md .csv .tex or .json; a table on the terminal without"),)
_DETECT = (
    _option("--names", help="a file with the name of a class on each line"),
    _option("--steps", type=_positive, help="run it as a spiking network of so many steps (default: as the ANN it is)"),
    _option("--size", type=_positive, help="side of the network's input (default: its own)"),
    _option("--threshold", type=float, default=0.25, help="least score of a box (default: 0.25)"),
    _option(
        "--overlap", type=float, default=0.45, help="of two boxes that overlap by more, one is kept (default: 0.45)"
    ),
    _option("--out", default="out", help="folder for detections.png and detections.json (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_EXTRACT = (
    _option("--weights", help="a linker that python -m picojoule.train.linker wrote (default: that of the package)"),
    _option("--threshold", type=float, default=0.0, help="least probability of a relation (default: 0)"),
    _option("--out", default="out", help="folder for relations.json and relations.png (default: out)"),
    _option("--json", action="store_true", help="print JSON instead of a table"),
    _option("--quiet", action="store_true", help="no progress"),
)
_JSON = (_option("--json", action="store_true", help="print JSON"),)


def _adds(
    *groups: tuple[tuple[tuple[str, ...], dict[str, Any]], ...],
    positional: tuple[str, dict[str, Any]] | None = None,
    defaults: dict[str, Any] | None = None,
) -> Add:
    def add(to: argparse.ArgumentParser) -> None:
        if positional:
            to.add_argument(positional[0], **positional[1])
        for group in groups:
            for names, settings in group:
                to.add_argument(*names, **settings)
        to.set_defaults(**(defaults or {}))

    return add


_VERBS: dict[str, tuple[str, Add]] = {
    "compare": ("a network under every code beside its fp32, int8 and int4 ANN", _adds(_MODEL, _TRAIN, _DATA, _COMMON)),
    "convert": (
        "save a converted network, and say what became of each node",
        _adds(_MODEL, _DATA, _CONVERSION, _CONVERT),
    ),
    "diagnose": (
        "which layer of a converted network lost the accuracy, why, and what to do",
        _adds(_MODEL, _DATA, _CONVERSION, _DIAGNOSE),
    ),
    "tune": (
        "the cheapest code, steps, kernel and threshold within a drop of accuracy",
        _adds(_MODEL, _DATA, _TUNE),
    ),
    "export": (
        "a network as NIR, snnTorch or ONNX",
        _adds(_MODEL, _DATA, _CONVERSION, _EXPORT, defaults={"code": "rate"}),
    ),
    "bench": ("our engines beside other libraries: time, memory, accuracy", _adds(_MODEL, _DATA, _BENCH)),
    "list": ("the eighteen recipes", _adds(_JSON)),
    "run": (
        "reproduce one paper",
        _adds(_MODES, _TRAIN, _DATA, _ENCODER, _SPREAD, _COMMON, positional=("recipe", {"metavar": "RECIPE"})),
    ),
    "report": (
        "draw one or more results",
        _adds(_FORMATS, positional=("results", {"metavar": "RESULT.json", "nargs": "+"})),
    ),
    "detect": (
        "boxes of a trained detector on a picture; the embedded one finds digits",
        _adds(_MODEL, _DETECT, positional=("image", {"metavar": "IMAGE"})),
    ),
    "extract": (
        "relations between entities that are marked in a text: [Ann](Peop) works for [X](Org)",
        _adds(_EXTRACT, positional=("file", {"metavar": "FILE"})),
    ),
    "profiles": ("the hardware profiles, every price with its source", _adds(_JSON)),
    "cite": ("BibTeX of a recipe's papers", _adds(positional=("recipe", {"metavar": "RECIPE"}))),
    "completion": (
        "a script that completes words in your shell",
        _adds(positional=("shell", {"choices": ("bash", "zsh", "fish")})),
    ),
}
