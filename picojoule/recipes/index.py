"""The eighteen recipes: names, papers, domains, and where each one's code is. Needs neither torch nor numpy."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One recipe.

    Attributes:
        name: at the command line.
        title: the system.
        paper: arXiv number.
        domain: coding, training, memory, systems, vision or language.
        cite: keys of the bibliography.
        extras: optional dependencies its quick mode needs.
        quick_seconds: about how long the quick mode takes on two cores.
        module: where its ``build(settings)`` is.
        training: where the ``train_embedded`` of the network in the package is that it uses; None where ``--train`` has
            no meaning.
        spreads: whether it knows what to do with several processes or a cluster.
        starts: whether it starts from a checkpoint that the user may give.
        encodes: whether it takes the folder of a pretrained encoder of text.
    """

    name: str
    title: str
    paper: str
    domain: str
    cite: tuple[str, ...]
    quick_seconds: int
    module: str
    extras: tuple[str, ...] = ("demo",)
    training: str | None = None
    spreads: bool = False
    starts: bool = False
    encodes: bool = False


RECIPES: tuple[Entry, ...] = (
    Entry(
        name="burst-spikes",
        title="burst coding and hybrid input–hidden coding",
        paper="1809.03142",
        domain="coding",
        cite=("park2019",),
        quick_seconds=120,
        module="picojoule.recipes.burst_spikes",
    ),
    Entry(
        name="t2fsnn",
        title="time-to-first-spike conversion",
        paper="2003.11741",
        domain="coding",
        cite=("park2020",),
        quick_seconds=120,
        module="picojoule.recipes.t2fsnn",
    ),
    Entry(
        name="ttfs-training",
        title="TTFS networks trained through a surrogate DNN",
        paper="2106.02568",
        domain="training",
        cite=("park2021ttfs",),
        quick_seconds=240,
        module="picojoule.recipes.ttfs_training",
    ),
    Entry(
        name="noise-robust",
        title="deletion and jitter; weight scaling and TTAS",
        paper="2104.11169",
        domain="coding",
        cite=("park2021noise",),
        quick_seconds=150,
        module="picojoule.recipes.noise_robust",
    ),
    Entry(
        name="spiking-yolo",
        title="object detection with converted spiking networks",
        paper="1903.06530",
        domain="vision",
        cite=("kim2020yolo", "kim2021yolo", "redmon2017"),
        quick_seconds=130,
        module="picojoule.recipes.spiking_yolo",
        training="picojoule.train.detector",
    ),
    Entry(
        name="autosnn",
        title="spike-aware architecture search",
        paper="2201.12738",
        domain="training",
        cite=("na2022",),
        quick_seconds=240,
        module="picojoule.recipes.autosnn",
        spreads=True,
    ),
    Entry(
        name="energy-distillation",
        title="distillation with heterogeneous temperatures",
        paper="2106.07172",
        domain="training",
        cite=("lee2021",),
        quick_seconds=270,
        module="picojoule.recipes.energy_distillation",
    ),
    Entry(
        name="deep-spiking-training",
        title="deep spiking networks, backward membrane initialisation",
        paper="1611.02416",
        domain="training",
        cite=("park2016", "oconnor2016"),
        quick_seconds=150,
        module="picojoule.recipes.deep_spiking_training",
    ),
    Entry(
        name="few-spikes",
        title="few-spikes neurons with tendency-based initialisation",
        paper="2409.00044",
        domain="coding",
        cite=("jeong2024", "stoeckl2021"),
        quick_seconds=150,
        module="picojoule.recipes.few_spikes",
    ),
    Entry(
        name="q-mann",
        title="quantised memory-augmented networks",
        paper="1711.03712",
        domain="memory",
        cite=("park2018qmann", "sukhbaatar2015", "weston2015"),
        quick_seconds=240,
        module="picojoule.recipes.q_mann",
    ),
    Entry(
        name="mann-accelerator",
        title="dataflow accelerator with inference thresholding",
        paper="1805.07978",
        domain="memory",
        cite=("park2019mann", "sukhbaatar2015", "weston2015"),
        quick_seconds=60,
        module="picojoule.recipes.mann_accelerator",
    ),
    Entry(
        name="isp-ml",
        title="near-data processing: SGD inside an SSD",
        paper="1610.02273",
        domain="systems",
        cite=("choe2017",),
        quick_seconds=120,
        module="picojoule.recipes.isp_ml",
    ),
    Entry(
        name="smartphone-cluster",
        title="synchronous training on 138 phones",
        paper="2110.12172",
        domain="systems",
        cite=("na2021phones", "you2017"),
        quick_seconds=180,
        module="picojoule.recipes.smartphone_cluster",
    ),
    Entry(
        name="e2v-sde",
        title="events to video by a latent neural SDE",
        paper="2206.07578",
        domain="vision",
        cite=("e2vsde2022", "li2020sde", "park2021vidode", "rebecq2019", "stoffregen2020", "weng2021"),
        quick_seconds=260,
        module="picojoule.recipes.e2v_sde",
    ),
    Entry(
        name="simfle",
        title="self-supervised facial expression features",
        paper="2303.07648",
        domain="vision",
        cite=("simfle2023", "grill2020", "he2022mae", "zheng2019dbt"),
        quick_seconds=280,
        module="picojoule.recipes.simfle",
        starts=True,
    ),
    Entry(
        name="m2former",
        title="multi-scale patch selection for fine-grained recognition",
        paper="2308.02161",
        domain="vision",
        cite=("m2former2023", "li2022"),
        quick_seconds=180,
        module="picojoule.recipes.m2former",
        training="picojoule.train.creatures",
        starts=True,
    ),
    Entry(
        name="curriculum-re",
        title="relation extraction through curriculum learning",
        paper="2107.09332",
        domain="language",
        cite=("curriculum2021", "zhou2022", "xu2020"),
        quick_seconds=150,
        module="picojoule.recipes.curriculum_re",
        encodes=True,
    ),
    Entry(
        name="dual-pointer",
        title="dual pointer network for many relations in a sentence",
        paper="2103.03509",
        domain="language",
        cite=("dualpointer2021",),
        quick_seconds=240,
        module="picojoule.recipes.dual_pointer",
        training="picojoule.train.linker",
    ),
)


def find(name: str) -> Entry:
    """The entry of a recipe.

    Raises:
        InputError: there is no such recipe.
    """
    for entry in RECIPES:
        if entry.name == name:
            return entry
    close = difflib.get_close_matches(name, [entry.name for entry in RECIPES], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise InputError(
        "there is no such recipe", where=f"recipe {name}", remedy=f"{hint}picojoule list names all eighteen"
    )
