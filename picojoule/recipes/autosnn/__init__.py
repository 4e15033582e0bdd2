"""AutoSNN: spike-aware architecture search with one supernet (cite key ``na2022``).

A supernet is trained by single paths, every network of the space is scored with its weights, and evolution, random
search and TPE are held against the exact winner. Winners and hand-made networks are then trained anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from picojoule.base.environment import environment
from picojoule.measurement.threads import on_threads
from picojoule.models.spiking.found import AUTOSNN
from picojoule.recipes.autosnn.claims import claims
from picojoule.recipes.autosnn.conditions import DESIGNS, HANDMADE, LAMBDA, SIZES, STUDIED, Design, Entrant, Size
from picojoule.recipes.autosnn.material import Material, gather
from picojoule.recipes.autosnn.networks import Trained, architecture, train, train_supernet
from picojoule.recipes.autosnn.searching import Searched, search
from picojoule.recipes.autosnn.tables import of_designs, of_search, rows
from picojoule.recipes.claims import unless_smoke
from picojoule.recipes.settings import Settings
from picojoule.result import Result


def build(settings: Settings) -> Result:
    """Search, train winners and hand-made networks anew, and study the macro design.

    Frames of events get the published architecture, as in the paper, which searched on pictures.
    """
    with on_threads(torch.get_num_threads() if settings.mode == "full" else 1):  # threads would wait for each other
        return _built(settings, SIZES[settings.mode])


def _built(settings: Settings, size: Size) -> Result:
    material = gather(settings, size)
    material = material.as_published if material.frames else material
    settings = settings.on(str(material.summary["sha256"]))
    searched = None if material.frames else _searched(material, size, settings)
    entrants = _entrants(searched, material)
    done = _trained(entrants, material, size, settings)
    study = {each: _studied(each, material, size, settings) for each in DESIGNS}
    return Result(
        recipe="autosnn",
        title=f"Spike-aware architecture search on {material.name}",
        mode=settings.mode,
        seed=settings.seed,
        data=material.summary,
        rows=tuple(rows(entrants["aware"], _once(done), material, size, settings)),
        series=(*(of_search(searched) if searched else ()), *of_designs(study)),
        claims=unless_smoke(claims(searched, done, study), settings),
        environment=environment(),
    )


def _searched(material: Material, size: Size, settings: Settings) -> Searched:
    samples, held = material.split(size.validation)
    net = train_supernet(material, samples, size, settings)
    return search(net, samples, held, size, LAMBDA, settings)


def _entrants(searched: Searched | None, material: Material) -> dict[str, Entrant]:
    """What is trained anew, by what it is."""
    system = f"plif T={material.macro.steps}"
    made = {
        each: Entrant(name=f"{system} {each} everywhere", architecture=(each,) * len(material.macro.places))
        for each in HANDMADE
    }
    if searched is None:
        return {"aware": Entrant(name=f"{system} as published", architecture=AUTOSNN), **made}
    found = {
        "aware": (f"λ={LAMBDA}", searched.best(LAMBDA)),
        "blind": ("λ=0", searched.best(0.0)),
        "joules": (f"λ={LAMBDA} by joules", searched.best(LAMBDA, "joules")),
    }
    winners = {}
    for name, (_, genome) in found.items():
        how = " and ".join(each for each, other in found.values() if other == genome)
        blocks = architecture(genome)
        winners[name] = Entrant(name=f"{system} found {how}: {' '.join(blocks)}", architecture=blocks)
    return winners | made


def _trained(entrants: Mapping[str, Entrant], material: Material, size: Size, settings: Settings) -> dict[str, Trained]:
    """Each architecture trained once, whatever it is called."""
    known: dict[tuple[str, ...], Trained] = {}
    for each in entrants.values():
        if each.architecture not in known:
            known[each.architecture] = train(
                each, material.macro, material, size, settings, epochs=size.retrain, repeats=size.repeats
            )
    return {name: known[each.architecture] for name, each in entrants.items()}


def _once(done: Mapping[str, Trained]) -> list[Trained]:
    return list({id(each): each for each in done.values()}.values())


def _studied(design: Design, material: Material, size: Size, settings: Settings) -> Trained:
    macro = material.design(design)
    entrant = Entrant(name=design.name, architecture=(STUDIED,) * len(macro.places))
    return train(entrant, macro, material, size, settings, epochs=size.study)
