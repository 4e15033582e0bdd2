"""M2Former on creatures: every ablation, several seeds; and the published size at 448 pixels, counted and run once.

    python benchmarks/m2former.py --seeds 3 --workers 2 --out FILE.md
    python benchmarks/m2former.py --seeds 1 --most 600 --out FILE.md        begins nothing after so many seconds
    python benchmarks/m2former.py --base --out FILE.md                      also the published size at 448 pixels

A seed is other pictures, other heads and another order. The main systems come first, seed by seed. What is done is kept
in FILE.json, and the same command goes on from it.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from picojoule.base.files import write_whole
from picojoule.base.progress import say, set_quiet
from picojoule.base.units import si
from picojoule.cost import price, profiles
from picojoule.data.vision.fine_grained.creatures import SCALES
from picojoule.engines.unfused import unfused
from picojoule.metrics.accuracy import gained
from picojoule.models.vision.m2former import Design, M2Former
from picojoule.models.vision.mvit import SIZES, MViT, MViTClassifier
from picojoule.recipes.m2former.conditions import ABLATIONS, FULL, ORDERED, PLANS, QUICK
from picojoule.recipes.m2former.material import gather
from picojoule.recipes.m2former.networks import Answer, train
from picojoule.recipes.m2former.tables import counts_of, of_exits, of_patches, places
from picojoule.recipes.settings import Settings
from timing import machine

ARMS = {arm.name: arm for arm in (*QUICK, *ABLATIONS)}
FRONTS = {FULL.name: "number of patches", ORDERED.name: "early exit"}


def jobs(seeds: int) -> Iterator[tuple[str, int]]:
    """Main systems first, then the ablations."""
    for arms in (QUICK, ABLATIONS):
        yield from ((arm.name, seed) for seed in range(seeds) for arm in arms)


def job(name: str, seed: int, epochs: int | None) -> dict[str, object]:
    """Train one system and look at it."""
    torch.set_num_threads(1)
    set_quiet(True)
    arm, settings = ARMS[name], Settings(seed=seed)
    plan = PLANS["quick"] if epochs is None else replace(PLANS["quick"], epochs=epochs)
    material = gather(settings, plan)
    done = train(arm, material, plan, settings)
    counts = counts_of(Answer(done.model), material, "cpu")
    assert material.sightings is not None
    found: dict[str, object] = {
        "right": "".join(str(int(each)) for each in done.right.tolist()),
        "scales": material.sightings.scales.tolist(),
        "heads": done.of_heads,
        "macs": counts.per_sample("macs"),
        "joules": price(counts, profiles.HOROWITZ_FP32).joules,
    }
    if arm.kind == "m2former":
        found["on creature"] = places(done.model, material, material.sightings, settings)
    if arm == FULL:
        found["front"] = sorted(of_patches(done, material, plan, settings).items())
    if arm == ORDERED:
        found["front"] = sorted(of_exits(done, material, settings).items())
    return found


def work(file: Path, seeds: int, workers: int, most: float, epochs: int | None) -> dict[str, dict[str, object]]:
    """Do what is not yet in the file, until the time is over."""
    kept: dict[str, dict[str, object]] = json.loads(file.read_text()) if file.exists() else {}
    left = [(name, seed) for name, seed in jobs(seeds) if f"{name}|{seed}" not in kept]
    begun = time.monotonic()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {}
        while left or running:
            while left and len(running) < workers and time.monotonic() - begun < most:
                at = left.pop(0)
                running[pool.submit(job, *at, epochs)] = at
            if not running:
                break
            for future in as_completed(running):
                name, seed = running.pop(future)
                kept[f"{name}|{seed}"] = future.result()
                write_whole(file, json.dumps(kept))
                say(f"{name}, seed {seed}")
                break
    return kept


def table(kept: dict[str, dict[str, object]], seeds: int) -> str:
    """A row a system, means over its seeds."""
    heads = ["system", "seeds", "accuracy", *(f"{scale} parts" for scale in SCALES), "MACs", "joules, 45 nm fp32",
             "M2Former gains (95 % interval)"]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in ARMS:
        of = {seed: kept[f"{name}|{seed}"] for seed in range(seeds) if f"{name}|{seed}" in kept}
        if of:
            lines.append("| " + " | ".join(_row(name, of, kept)) + " |")
    return "\n".join(lines)


def _row(name: str, of: dict[int, dict[str, object]], kept: dict[str, dict[str, object]]) -> list[str]:
    right = {seed: _right(found) for seed, found in of.items()}
    shares = [float(each.double().mean()) for each in right.values()]
    spread = f" ± {100 * stdev(shares):.1f}" if len(shares) > 1 else ""
    first = next(iter(of.values()))
    return [
        name,
        str(len(of)),
        f"{100 * fmean(shares):.1f} %{spread}",
        *(
            f"{100 * fmean(_of_scale(of[seed], right[seed], scale) for seed in of):.1f} %"
            for scale in range(len(SCALES))
        ),
        si(float(first["macs"])),  # type: ignore[arg-type]
        si(float(first["joules"]), "J"),  # type: ignore[arg-type]
        _gain(right, kept) if name != FULL.name else "–",
    ]


def _right(found: dict[str, object]) -> torch.Tensor:
    return torch.tensor([each == "1" for each in str(found["right"])])


def _of_scale(found: dict[str, object], right: torch.Tensor, scale: int) -> float:
    return float(right[torch.tensor(found["scales"]) == scale].double().mean())


def _gain(right: dict[int, torch.Tensor], kept: dict[str, dict[str, object]]) -> str:
    """On the same pictures and seeds, all of them together."""
    both = [seed for seed in right if f"{FULL.name}|{seed}" in kept]
    if not both:
        return "–"
    full = torch.cat([_right(kept[f"{FULL.name}|{seed}"]) for seed in both])
    mean, low, high = (100 * each for each in gained(full, torch.cat([right[seed] for seed in both])))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def fronts(kept: dict[str, dict[str, object]]) -> str:
    """Accuracy against MACs of seed 0."""
    lines = []
    for name, what in FRONTS.items():
        if f"{name}|0" in kept:
            points = kept[f"{name}|0"]["front"]
            told = ", ".join(f"{100 * share:.1f} % at {si(macs)}" for macs, share in points)  # type: ignore[union-attr]
            lines.append(f"- {name}, {what}: {told}")
    full = kept.get(f"{FULL.name}|0")
    if full is not None:
        inside, chance = full["on creature"]  # type: ignore[misc]
        told = ", ".join(f"{100 * a:.0f} % ({100 * b:.0f} %)" for a, b in zip(inside, chance, strict=True))
        lines.append(
            f"- patches that {FULL.name} keeps whose middle is on the creature, by stage (all patches): {told}"
        )
    return "\n".join(lines)


def base() -> str:
    """The published size at 448 pixels: MACs by one counter, and one forward."""
    torch.manual_seed(0)
    backbone = MViT(SIZES["base"], pixels=448)
    plain, whole = MViTClassifier(backbone, 200).eval(), M2Former(backbone, 200, Design()).eval()
    begun = time.perf_counter()
    with torch.no_grad():
        whole(torch.rand(1, 3, 448, 448))
    seconds, peak = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lines = ["| at 448 pixels, 200 classes | parameters | MACs |", "|---|---|---|"]
    for name, model in (("MViTv2-B, class token's head", plain), ("M2Former-B", whole)):
        weights = sum(each.numel() for each in model.parameters())
        lines.append(f"| {name} | {si(weights)} | {macs(model, 448) / 1e9:.2f} G |")
    told = f"One forward of M2Former-B: {seconds:.1f} s, {peak / 2**30:.2f} GiB of memory for the whole process."
    return "\n".join([*lines, "", told])


def macs(model: nn.Module, pixels: int) -> float:
    """Half of what torch's own counter finds, attention taken apart, without computing anything."""
    with torch.no_grad(), unfused(), FlopCounterMode(display=False) as found:
        model.to("meta")(torch.empty(1, 3, pixels, pixels, device="meta"))
    return found.get_total_flops() / 2


def main() -> None:
    """Run, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--most", type=float, default=float("inf"), help="seconds after which no training is begun")
    parser.add_argument("--epochs", type=int, help="of a training, in place of the quick mode's")
    parser.add_argument("--base", action="store_true", help="also the published size at 448 pixels")
    parser.add_argument("--out", type=Path, default=Path("out") / "m2former.md")
    options = parser.parse_args()
    kept = work(options.out.with_suffix(".json"), options.seeds, options.workers, options.most, options.epochs)
    plan = PLANS["quick"]
    about = (
        f"{plan.train} training and {plan.test} test creatures a seed, {options.epochs or plan.epochs} epochs from the"
        " start in the package. Intervals are paired over the test pictures of all seeds."
    )
    parts = [f"# M2Former on creatures, {date.today()}", machine(), about, table(kept, options.seeds), fronts(kept)]
    write_whole(options.out, "\n\n".join(filter(None, [*parts, base() if options.base else ""])) + "\n")
    print(options.out.read_text())


if __name__ == "__main__":
    main()
