"""What each verb does: read the options, call one function of a lower floor, write, print."""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.base.errors import InputError
from picojoule.base.files import alone_in, read_bytes, require_writable, write_whole
from picojoule.base.progress import say
from picojoule.result import Result

if TYPE_CHECKING:
    from picojoule.recipes.index import Entry


def _compare(options: argparse.Namespace) -> None:
    from picojoule.recipes.compare import compare

    _check_model_options(options)
    out = _out(options)
    settings = _settings(options, mode="quick")
    weights = {"digit_weights": _train(options, out)} if options.train else {}
    _finish(compare(settings, _model(options), **weights), out, options)


def _convert(options: argparse.Namespace) -> None:
    from picojoule.ir.file import save
    from picojoule.models import embedded

    _check_model_options(options)
    out = _out(options)
    data = _settings(options, mode="quick").dataset()
    model = _model(options) or embedded()
    network = _converted(options, model, data.train.take(options.limit))
    network = _finetuned(network, model, data.train, options.finetune, out) if options.finetune else network
    told = json.dumps({"name": network.name, **network.conversion.to_dict()}, indent=1, ensure_ascii=False)
    write_whole(out / "conversion.json", told)
    print(told if options.json else f"{network.name}\n{network.conversion}")
    try:
        saved = save(network, out / "network.safetensors")
    except InputError as reason:  # an island that no file can hold
        say(f"wrote {out / 'conversion.json'}; the network is not saved: {reason.what}")
    else:
        say(f"wrote {saved} and {out / 'conversion.json'}; picojoule.load reads the network")


def _diagnose(options: argparse.Namespace) -> None:
    from picojoule.diagnosis import diagnose
    from picojoule.ir.file import load
    from picojoule.models import embedded
    from picojoule.reports import report

    _check_model_options(options)
    out = _out(options)
    data, model = _settings(options, mode="quick").dataset(), _model(options) or embedded()
    network = load(options.network) if options.network else _converted(options, model, data.train.take(_CALIBRATION))
    found = diagnose(model, network, data.test, samples=options.limit)
    for name in ("diagnosis.json", "diagnosis.html"):
        report(found).save(out / name)
    print(found.to_json() if options.json else found)
    say(f"wrote {out / 'diagnosis.json'} and {out / 'diagnosis.html'}")


def _tune(options: argparse.Namespace) -> None:
    from picojoule.ir.file import save
    from picojoule.models import embedded
    from picojoule.tuning import drop_on, tune

    _check_model_options(options)
    out, profile = _out(options), _profile(options.profile)
    settings = _tried(options.code, options.weight_bits or profile.weight_bits)
    data, model = _settings(options, mode="quick").dataset(), _model(options) or embedded()
    test = data.test.take(options.limit)
    known, unseen = ((test.images[part], test.labels[part]) for part in (slice(0, None, 2), slice(1, None, 2)))
    names = {"max_drop": options.max_drop, "profile": profile, "exit_early": options.anytime, "limit": options.limit}
    found = tune(model, data.train, known, settings=settings, **names)
    _finish(found.result, out, options)
    if found.network is None:
        say(f"no setting keeps the accuracy within {options.max_drop:.2%}; the nearest are in the table")
        return
    save(found.network, out / "network.safetensors")
    drop = drop_on(model, found.network, unseen)
    say(f"{found.network.name}: drop {drop.value:.2%} on {drop.samples} unseen samples, {options.max_drop:.2%} allowed")


def _profile(name: str):  # type: ignore[no-untyped-def]
    from picojoule.cost.profiles import PROFILES

    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise InputError(f"no profile {name!r}", where="--profile", remedy=f"choose {', '.join(p.name for p in PROFILES)}")


def _tried(names: tuple[str, ...] | None, weight_bits: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """The settings to try of each code named; of every code if none is."""
    from picojoule.tuning.settings import FAMILIES, every

    names = tuple(FAMILIES) if names is None else names
    unknown = [name for name in names if name not in FAMILIES]
    if unknown or not names:
        raise InputError(f"no code {', '.join(unknown)}", where="--code", remedy=f"choose of {', '.join(FAMILIES)}")
    return every(names, weight_bits=weight_bits)


def _export(options: argparse.Namespace) -> None:
    from picojoule.exchange.saving import save
    from picojoule.ir.file import load
    from picojoule.models import embedded

    _check_model_options(options)
    out = _out(options)
    if options.network:
        network = load(options.network)
    else:
        data, model = _settings(options, mode="quick").dataset(), _model(options) or embedded()
        samples = data.train.take(_CALIBRATION)
        network = _traced(model, samples) if options.ann else _converted(options, model, samples)
    for path in save(network, out, to=options.to, mode=options.mode, dt=options.dt):
        say(f"wrote {path}")


def _traced(model, samples):  # type: ignore[no-untyped-def]
    """The network before its conversion."""
    from picojoule.conversion import trace
    from picojoule.data.batches import first

    return trace(model, first(samples))


def _bench(options: argparse.Namespace) -> None:
    from picojoule.benchmark import bench, show

    _check_model_options(options)
    out = _out(options)
    data = _settings(options, mode="quick").dataset()
    found = bench(_model(options), data, steps=options.steps, repeats=options.repeats, limit=options.limit)
    write_whole(out / "bench.json", found.to_json())
    if options.json:
        print(found.to_json())
    else:
        show(found)
    say(f"wrote {out / 'bench.json'}")


def _run(options: argparse.Namespace) -> None:
    from picojoule.recipes.index import find

    entry = find(options.recipe)
    if not entry.spreads and (options.scheduler or options.workers > 1):
        raise InputError(
            "it does not search",
            where=f"recipe {entry.name}: --workers and --scheduler",
            remedy="leave the option out: this recipe runs in one process",
        )
    if options.weights and not (entry.encodes or entry.starts):
        raise InputError(
            "it has no use for given weights", where=f"recipe {entry.name}: --weights", remedy="leave the option out"
        )
    if options.weights and options.train:
        what = "the weights are given, and trained again"
        raise InputError(what, where=f"recipe {entry.name}: --weights", remedy="leave the option out")
    settings, out = _settings(options, mode=options.mode), _out(options)
    if options.weights:
        settings = replace(settings, weights=Path(options.weights))
    if options.train:
        settings = replace(settings, weights=_trained(entry, options, out))
    unfinished = out / f"unfinished-{entry.name}-{options.mode}"
    build = importlib.import_module(entry.module).build
    _finish(build(replace(settings, unfinished=str(unfinished))), out, options)
    shutil.rmtree(unfinished, ignore_errors=True)


def _trained(entry: Entry, options: argparse.Namespace, out: Path) -> Path:
    """The weights of a recipe's embedded network, trained again; an interrupted training goes on where it was."""
    if entry.training is None or options.data:
        what = "there is no embedded network to train again" if entry.training is None else "the data are your own"
        raise InputError(what, where=f"--train of {entry.name}", remedy="leave out --train")
    weights, checkpoints = out / f"{entry.name}.safetensors", out / f"training-seed{options.seed}"
    importlib.import_module(entry.training).train_embedded(weights, seed=options.seed, checkpoints=checkpoints)
    shutil.rmtree(checkpoints)
    return weights


def _list(options: argparse.Namespace) -> None:
    from picojoule.recipes.index import RECIPES

    if options.json:
        keys = ("name", "title", "paper", "domain", "quick_seconds", "extras")
        print(json.dumps([{key: getattr(entry, key) for key in keys} for entry in RECIPES], indent=1))
        return
    for entry in RECIPES:
        print(f"{entry.name:<22} arXiv:{entry.paper:<11} {entry.domain:<9} ~{entry.quick_seconds:>3} s   {entry.title}")


def _report(options: argparse.Namespace) -> None:
    from picojoule.reports import report

    results = [Result.load(path) for path in options.results]
    drawn = report(results)
    if options.output:
        drawn.save(options.output)
        say(f"wrote {options.output}")
    else:
        print(drawn)


def _detect(options: argparse.Namespace) -> None:
    from picojoule.models import embedded_detector
    from picojoule.recipes.detect import detect

    _require_builder(options)
    out = _out(options)
    names = _class_names(options)
    size = (options.size, options.size) if options.size else None
    limits = {"threshold": options.threshold, "overlap": options.overlap}
    model = _model(options) or embedded_detector()
    done = detect(options.image, model, names=names, steps=options.steps, size=size, **limits)
    write_whole(out / "detections.png", done.png())
    write_whole(out / "detections.json", done.to_json())
    print(done.to_json() if options.json else done)
    say(f"wrote {out / 'detections.png'} and {out / 'detections.json'}")


def _extract(options: argparse.Namespace) -> None:
    from picojoule.models.language.pointing import Linker
    from picojoule.recipes.extract import extract

    out = _out(options)
    linker = Linker.load(options.weights) if options.weights else Linker.load()
    done = extract(options.file, linker, threshold=options.threshold)
    write_whole(out / "relations.png", done.png())
    write_whole(out / "relations.json", done.to_json())
    print(done.to_json() if options.json else done)
    say(f"wrote {out / 'relations.png'} and {out / 'relations.json'}")


def _class_names(options: argparse.Namespace) -> tuple[str, ...]:
    """Those of a file, of the model's own file, or the digits' where no model is named."""
    if options.names:
        return tuple(filter(None, read_bytes(options.names, what="names").decode(errors="replace").splitlines()))
    if options.model is None:
        return tuple("0123456789")
    from picojoule.models.darknet import class_names

    return class_names(options.model)


def _profiles(options: argparse.Namespace) -> None:
    from picojoule.cost.machines import MACHINES
    from picojoule.cost.profiles import NORMALISED, PROFILES

    if options.json:
        tables = [
            {
                "name": p.name,
                "title": p.title,
                "note": p.note,
                "prices": {k: [v.joules, v.source] for k, v in p.prices.items()},
            }
            for p in (*PROFILES, *MACHINES)
        ]
        print(json.dumps(tables, indent=1, ensure_ascii=False))
        return
    for profile in (*PROFILES, *MACHINES):
        print(f"\n{profile.name}: {profile.title}. {profile.note}")
        for action, each in profile.prices.items():
            print(f"  {action:<20} {each.joules * 1e12:>8.3g} pJ  {each.source}")
        if profile.memory:
            print(f"  {'memory':<20} {profile.bound.replace('_', ' ')}: {profile.memory.source}")
    for normalised in NORMALISED:
        formula = f"{normalised.dynamic}·spikes + {normalised.static}·steps of the reference"
        print(f"\n{normalised.name}: {formula}. {normalised.source}")


def _completion(options: argparse.Namespace) -> None:
    from picojoule.cli.completion import SHELLS

    print(SHELLS[options.shell](), end="")


def _cite(options: argparse.Namespace) -> None:
    from picojoule.base.bibliography import bibtex
    from picojoule.recipes.index import find

    print(bibtex(find(options.recipe).cite))


_CALIBRATION = 1000
"""Training samples that set the scales where no option says how many."""

VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "compare": _compare,
    "convert": _convert,
    "diagnose": _diagnose,
    "tune": _tune,
    "export": _export,
    "bench": _bench,
    "list": _list,
    "run": _run,
    "report": _report,
    "detect": _detect,
    "extract": _extract,
    "profiles": _profiles,
    "cite": _cite,
    "completion": _completion,
}
"""Every verb that is built."""


def _converted(options: argparse.Namespace, model, samples):  # type: ignore[no-untyped-def]
    """The network that the options of conversion ask for."""
    from picojoule.codes import CODES
    from picojoule.codes.words import parse
    from picojoule.conversion import convert

    names = ("norm", "percentile", "input", "weight_bits", "islands", "calibrate")
    settings = {name: getattr(options, name) for name in names}
    return convert(model, samples, code=parse(options.code, CODES), **settings)


def _finetuned(network, model, samples, epochs: int, out: Path):  # type: ignore[no-untyped-def]
    """The network trained further; an interrupted training goes on where it was."""
    from picojoule.train import Shuffled
    from picojoule.train.distillation import distillation
    from picojoule.train.finetune import finetune

    checkpoints = out / "finetuning"
    found = finetune(
        network, distillation(model), Shuffled(samples=samples, size=50), epochs=epochs, folder=checkpoints
    )
    shutil.rmtree(checkpoints)
    return found


def _settings(options: argparse.Namespace, *, mode: str):  # type: ignore[no-untyped-def]
    from picojoule.recipes.settings import Settings

    if getattr(options, "threads", None):
        import torch

        torch.set_num_threads(options.threads)
    names = ("data", "mean", "std", "seed", "batch", "limit", "device", "dtype", "workers", "scheduler")
    return Settings(mode=mode, **{name: getattr(options, name) for name in names if hasattr(options, name)})


def _out(options: argparse.Namespace) -> Path:
    """The folder to write to, which is this command's alone until it ends."""
    out = require_writable(options.out)
    options.held.enter_context(alone_in(out))
    return out


def _check_model_options(options: argparse.Namespace) -> None:
    if options.model and not options.data:
        raise InputError("a model without data", where="--model", remedy="give the data it was trained for with --data")
    _require_builder(options)
    if options.model and getattr(options, "train", False):
        raise InputError(
            "only the embedded network can be trained here", where="--train", remedy="leave out --train or --model"
        )


def _require_builder(options: argparse.Namespace) -> None:
    if options.weights and not options.model:
        raise InputError(
            "weights without a model",
            where="--weights",
            remedy="name the function that builds the network with --model",
        )


def _model(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    """The user's network, or None for the embedded one."""
    from picojoule.models import load_darknet, load_model

    if options.model and options.model.endswith((".cfg", ".npz")):
        return load_darknet(options.model, options.weights)
    return load_model(options.model, options.weights, trust_pickle=options.trust_pickle) if options.model else None


def _train(options: argparse.Namespace, out: Path) -> Path:
    """Train the embedded network; an interrupted training goes on where it was. Returns its weights."""
    from picojoule.train.digits import train_embedded

    weights, checkpoints = out / "digits.safetensors", out / f"training-seed{options.seed}"
    train_embedded(weights, seed=options.seed, checkpoints=checkpoints)
    shutil.rmtree(checkpoints)
    return weights


def _finish(result: Result, out: Path, options: argparse.Namespace) -> None:
    """Write result.json and report.html, print the table or the JSON."""
    from picojoule.reports import report

    result.save(out / "result.json")
    report(result).save(out / "report.html")
    if options.json:
        print(result.to_json())
    else:
        report(result).show()
    say(f"wrote {out / 'result.json'} and {out / 'report.html'}")
