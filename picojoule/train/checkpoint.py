"""A training's state in one file: tensors as safetensors, the rest as JSON in its metadata. No pickle.

::

    model.<key>              parameters and buffers
    optimiser.<i>.<name>     the optimiser's state of its i-th parameter
    best.<key>               the model's state at its highest score, where it is kept
    random.<rank>            state of torch's global generator in each process
    metadata "run"           {"fingerprint", "steps", "epochs": [{...}], "loss_sum", "scalars": {"<i>.<name>": number}}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from picojoule.base.errors import InputError, first_line
from picojoule.base.files import sha256, write_whole
from picojoule.train.journal import Epoch

FILE = "checkpoint.safetensors"


@final
@dataclass(frozen=True, kw_only=True)
class Done:
    """How far a training is: steps, each finished epoch, sum of the losses of the running one."""

    steps: int = 0
    epochs: tuple[Epoch, ...] = ()
    loss_sum: float = 0.0

    @property
    def scores(self) -> tuple[float | None, ...]:
        """Validation score of each epoch."""
        return tuple(each.score for each in self.epochs)


@final
@dataclass(frozen=True, kw_only=True)
class Found:
    """What a checkpoint held beside the states it put back: how far the run was, and the best weights, if kept."""

    done: Done
    best: dict[str, Tensor]


def fingerprint(model: nn.Module, **settings: int) -> str:
    """What must be equal for a checkpoint to be continued: the model's keys and shapes, and the settings."""
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    return sha256(json.dumps([shapes, settings], sort_keys=True).encode())


def save(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer | None,
    fingerprint: str,
    done: Done,
    *,
    random: Sequence[Tensor],
    best: dict[str, Tensor],
) -> Path:
    """Write the checkpoint, whole or not at all.

    Args:
        folder: where.
        model, optimiser: whose states are kept.
        fingerprint: of the run.
        done: how far it is.
        random: states of torch's global generator, one a process.
        best: the model's best state so far; empty where it is not kept.

    Raises:
        InputError: the folder cannot be written, or the optimiser keeps a state that is neither tensor nor number.
    """
    tensors, scalars = _optimiser_state(optimiser)
    tensors |= {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors |= {f"best.{key}": value for key, value in best.items()}
    tensors |= {f"random.{rank}": state for rank, state in enumerate(random)}
    run = {"fingerprint": fingerprint, "scalars": scalars, **asdict(done)}
    # cloned, since safetensors refuses tensors that share memory (tied weights)
    content = to_bytes(
        {key: value.detach().clone().contiguous() for key, value in tensors.items()}, {"run": json.dumps(run)}
    )
    return write_whole(folder / FILE, content)


def load(
    folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None, fingerprint: str, *, rank: int = 0
) -> Found | None:
    """Put the checkpoint's state into model, optimiser and torch's global generator, that of process `rank`.

    Returns:
        The rest of it, or None where the folder has no checkpoint.

    Raises:
        InputError: the file is damaged, or of another run.
    """
    path = folder / FILE
    if not path.exists():
        return None
    tensors, run = _read(path)
    if run["fingerprint"] != fingerprint:
        raise InputError(
            "the checkpoint is of another run (other model, seed, epochs or data)",
            where=str(path),
            remedy="name another folder, or delete the file to start anew",
        )
    try:
        epochs = tuple(Epoch(**each) for each in run["epochs"])
        done = Done(steps=int(run["steps"]), epochs=epochs, loss_sum=float(run["loss_sum"]))
        model.load_state_dict(_under("model.", tensors))
        _restore_optimiser(optimiser, _under("optimiser.", tensors), run["scalars"])
        if rank == 0 or f"random.{rank}" in tensors:  # there may be more processes now
            torch.set_rng_state(tensors[f"random.{rank}"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError) as error:
        raise _damaged(path, error) from None
    return Found(done=done, best=_under("best.", tensors))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            run = json.loads(file.metadata()["run"])
            if not isinstance(run, dict) or not isinstance(run.get("fingerprint"), str):
                raise ValueError("it is of no run")
            return {key: file.get_tensor(key) for key in file.keys()}, run  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, KeyError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"the checkpoint is damaged ({first_line(error)})", where=str(path), remedy="delete it to start anew"
    )


def _optimiser_state(optimiser: torch.optim.Optimizer | None) -> tuple[dict[str, Tensor], dict[str, float | None]]:
    tensors: dict[str, Tensor] = {}
    scalars: dict[str, float | None] = {}
    for index, state in optimiser.state_dict()["state"].items() if optimiser is not None else ():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{index}.{name}"] = value
            elif value is None or isinstance(value, bool | int | float):
                scalars[f"{index}.{name}"] = value
            else:
                raise InputError(
                    f"its state {name!r} is a {type(value).__name__}, not a tensor or a number",
                    where=type(optimiser).__name__,
                    remedy="train without a checkpoint folder, or with another optimiser",
                )
    return tensors, scalars


def _restore_optimiser(
    optimiser: torch.optim.Optimizer | None, tensors: dict[str, Tensor], scalars: dict[str, float | None]
) -> None:
    if optimiser is None:
        return
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **scalars}.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
