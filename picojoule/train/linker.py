"""Training of the linker in the package: ``python -m picojoule.train.linker [FILE] [--data DATA] [--seed N]``.

A small dual pointer network learns generated sentences; with ``--data`` it learns yours. The epoch that is best on
validation sentences is kept; test sentences are looked at once, at the end, with the weights as they are written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from picojoule.base.errors import InputError, PicojouleError
from picojoule.base.files import require_writable, write_whole
from picojoule.base.progress import say
from picojoule.base.units import percent
from picojoule.data.language.relations import Corpus, Sentence
from picojoule.data.language.relations.joint import load
from picojoule.data.language.relations.sharing import mixed
from picojoule.measurement.threads import on_threads
from picojoule.models.language.pointing import DualPointer, Form, Linker, Rule, possible_in
from picojoule.train.linking import Material, Settings, scored, teach

COMMAND = "python -m picojoule.train.linker"
DEFAULT_PATH = Path("out") / "linker.safetensors"
SMALL = {"word": 24, "letter": 8, "type": 8, "filters": 8, "context": 24, "entity": 32, "heads": 4, "buckets": 1024}
"""Sizes of the network in the package."""
SETTINGS = Settings(epochs=6, rate=6e-3, batch=24, none=1.0)
_HELD_OUT = 8
"""Of so many training sentences one is held out where the data has none to validate with."""


def form_of(corpus: Corpus, **sizes: object) -> Form:
    """The form of a network for this data."""
    return Form(kinds=corpus.kinds, labels=corpus.labels, **sizes)  # type: ignore[arg-type]


def held_out(corpus: Corpus) -> Corpus:
    """The data with sentences to validate with: its own, or every eighth one to train with."""
    if corpus.valid:
        return corpus
    train, valid = (
        tuple(each for place, each in enumerate(corpus.train) if (place % _HELD_OUT == 0) == chosen)
        for chosen in (False, True)
    )
    return replace(corpus, train=train, valid=valid)


def rule_of(train: Sequence[Sentence], form: Form) -> Rule:
    """The union with all options: types as in training, no relation to itself, one label for a pair."""
    return Rule(one_label=True, others=True, possible=possible_in(train, form.kinds, form.labels))


def train_embedded(
    path: Path | str | None = None,
    *,
    settings: Settings = SETTINGS,
    seed: int = 0,
    data: Corpus | None = None,
    checkpoints: Path | None = None,
) -> tuple[Linker, float]:
    """Train the linker in the package; half a minute on one idle core.

    Args:
        path: file to write, as the package's own; None writes none.
        settings: how to train.
        seed: of initial weights and order.
        data: sentences; None generates the embedded ones.
        checkpoints: folder in which an interrupted training finds what it had done; None keeps nothing.

    Returns:
        The linker with its weights in half precision, and its F1 on the test sentences.

    Raises:
        InputError: `path` or `checkpoints` cannot be written.
    """
    for folder in (Path(path).parent if path is not None else None, checkpoints):
        if folder is not None:
            require_writable(folder)
    own = data is not None
    data = held_out(data or mixed(train=2000, valid=200, test=500))
    form = form_of(data, dropout=0.2, forget=0.2, **SMALL)
    train, valid, test = (Material.of(part, form) for part in (data.train, data.valid, data.test))
    rule = rule_of(data.train, form)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DualPointer(form, placed=True)
    watch = {"valid": valid, "rule": rule, "seed": seed, "folder": checkpoints, "what": "training the linker"}
    with on_threads(1):  # thousands of small steps: threads would wait for each other longer than they work
        history = teach(model, train, settings, **watch)
    linker = Linker(model=model.half().float(), rule=rule)
    reached = scored(model, test, form.labels, rule).f1
    say(f"F1 {percent(reached)} on {len(test)} test sentences after {history.seconds:.0f} s")
    if path is not None:
        write_whole(path, linker.to_bytes(_told(data, settings, seed, reached, own=own)))
    return linker, reached


def _told(data: Corpus, settings: Settings, seed: int, reached: float, *, own: bool) -> dict[str, str]:
    """How the weights came about."""
    parts = f"{len(data.train)} training, {len(data.valid)} validation and {len(data.test)} test sentences"
    return {
        "command": f"{COMMAND} --seed {seed}" + (f" --data {data.name}" if own else ""),
        "seed": str(seed),
        "data": f"{data.name}, {parts}, sha256 {data.sha256}",
        "torch": torch.__version__,
        "machine": f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads",
        "settings": str(settings),
        "f1": f"{reached:.4f}",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Train the linker in the package, or one on your data.")
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT_PATH, help=f"to write (default {DEFAULT_PATH})")
    parser.add_argument("--data", type=Path, help="a file or folder of sentences with entities and relations")
    parser.add_argument("--seed", type=int, default=0, help="of initial weights and order (default 0)")
    parser.add_argument("--epochs", type=int, help=f"passes through the sentences (default {SETTINGS.epochs})")
    parser.add_argument("--checkpoints", type=Path, help="folder of an interrupted training to go on from")
    options = parser.parse_args(arguments)
    try:
        data = load(options.data) if options.data else None
        settings = replace(SETTINGS, epochs=options.epochs) if options.epochs else SETTINGS
        train_embedded(options.file, settings=settings, seed=options.seed, data=data, checkpoints=options.checkpoints)
    except PicojouleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    say(f"wrote {options.file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
