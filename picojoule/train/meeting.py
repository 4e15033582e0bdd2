"""How processes that were started again find each other, and not the addresses of those that died.

The launcher keeps one key-value store for all rounds of a run. After a restart it still holds where the dead processes
listened, and whoever reads that first waits for somebody who will never answer. So each round here has a name of its
own, drawn when its processes meet; everything else is kept under that name.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import timedelta

from torch import distributed

from picojoule.base.errors import InputError

_PATIENCE_S, _PAUSE_S = 600.0, 0.02


def launcher_store() -> distributed.Store | None:
    """The store that ``torchrun`` keeps for all rounds; None where there is none, or a new one each time."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return distributed.TCPStore(host, port, is_master=False, timeout=timedelta(seconds=_PATIENCE_S))


def meet(store: distributed.Store, rank: int, size: int, patience_s: float = _PATIENCE_S) -> str:
    """A name that exactly the processes of this round have in common.

    Each writes a word that nobody used before. The first one offers a list of the words it finds, until every other has
    answered that its own is in it; a word or an answer of an earlier round never fits. Then it says that all go.

    Args:
        store: may hold what earlier rounds left.
        rank, size: who of how many.
        patience_s: how long to wait for the others.

    Raises:
        InputError: the others do not come.
    """
    word, deadline = uuid.uuid4().hex, time.monotonic() + patience_s
    others = range(1, size)
    store.set(f"word/{rank}", word)
    while time.monotonic() < deadline:
        if rank == 0:
            offer = ",".join([word, *(_read(store, f"word/{each}") for each in others)])
            store.set("offer", offer)
            if all(_read(store, f"answer/{each}") == offer for each in others):
                store.set("go", offer)
                return _short(offer)
        else:
            offer = _read(store, "offer")
            if word in offer.split(","):
                store.set(f"answer/{rank}", offer)
                if _read(store, "go") == offer:
                    return _short(offer)
        time.sleep(_PAUSE_S)
    raise InputError(
        f"process {rank} of {size} waited {patience_s:g} s for the others",
        where="torchrun",
        remedy="start as many processes as --nnodes and --nproc-per-node say",
    )


def _read(store: distributed.Store, key: str) -> str:
    """What is there, or nothing."""
    return store.get(key).decode() if store.check([key]) else ""


def _short(offer: str) -> str:
    return hashlib.sha256(offer.encode()).hexdigest()[:16]
