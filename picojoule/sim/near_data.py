"""Learning inside a drive: channel controllers are the workers, the cache controller is the master.

A worker reads a page of its own flash (t_R, then t_X over its channel), works on the samples in it, and exchanges
models with the master over the bus of the drive. A controller's FPU does ``instructions per cycle × clock`` operations
a second; the master's takes one operation a parameter for each message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.base.errors import InputError
from picojoule.sim.clock import SECOND, ps, transfer_ps
from picojoule.sim.exchange import Exchange
from picojoule.sim.outcome import Outcome
from picojoule.sim.ssd.device import Device
from picojoule.sim.stages import Events, Stage, run


@final
@dataclass(frozen=True, kw_only=True)
class Job:
    """What is computed on each sample.

    Attributes:
        parameters: of the model.
        macs: multiply-accumulates a sample, forward and backward; two instructions each.
        others: further instructions a sample, as of a softmax.
        sample_bytes: of a sample with its label, as stored.
    """

    parameters: int
    macs: int
    others: int
    sample_bytes: int

    @property
    def instructions(self) -> int:
        """Of a sample."""
        return 2 * self.macs + self.others


@final
@dataclass(frozen=True, kw_only=True)
class Controllers:
    """What the drive computes with.

    Attributes:
        name, source: for tables; where the numbers are from.
        clock_hz, instructions_per_cycle: of each FPU.
        page_bytes: memory of a channel controller for pages.
        model_bytes: memory of a channel controller for the model.
        value_bytes: of a parameter, stored and sent.
        bus_bytes_per_s: of the bus between channel controllers and cache controller.
        reads_ahead: the next page is read while this one is worked on; needs memory for two.
    """

    name: str
    source: str
    clock_hz: float = 400e6
    instructions_per_cycle: float = 0.5
    page_bytes: int = 8 << 10
    model_bytes: int = 16 << 10
    value_bytes: int = 2
    bus_bytes_per_s: float = 1.6e9
    reads_ahead: bool = False

    def time_ps(self, instructions: int) -> int:
        """So many instructions on one FPU."""
        return ps(instructions / (self.instructions_per_cycle * self.clock_hz))

    def require_room(self, device: Device, job: Job) -> None:
        """Check that a page and the model fit.

        Raises:
            InputError: they do not, or a sample does not fit a page.
        """
        pages = (1 + self.reads_ahead) * device.page_bytes
        model = job.parameters * self.value_bytes
        limits = (
            (pages, self.page_bytes, "for pages", "give it a larger memory, or do not read ahead"),
            (
                model,
                self.model_bytes,
                f"for a model of {job.parameters} parameters",
                "use a smaller model or fewer bytes",
            ),
            (job.sample_bytes, device.page_bytes, "of a page for a sample", "use a device with larger pages"),
        )
        for needed, there, what, remedy in limits:
            if needed > there:
                raise InputError(
                    f"{needed} bytes are needed {what}, {there} are there",
                    where=f"controllers {self.name}",
                    remedy=remedy,
                )


ISP_ML = Controllers(
    name="isp-ml",
    source="clock, instructions a cycle and memories: ISP-ML's parameters from memory; parameters of 16 bits because no"
    " wider ones of its model fit; bus of 1.6 GB/s: our assumption",
)


def samples_of_a_page(device: Device, job: Job) -> int:
    """The page minibatch: whole samples in a page."""
    return device.page_bytes // job.sample_bytes


def stages(device: Device, controllers: Controllers, job: Job, *, protocol: str, tau: int) -> tuple[Stage, ...]:
    """A round of every worker.

    Raises:
        InputError: page or model do not fit, an unknown protocol, or τ below 1.
    """
    controllers.require_room(device, job)
    samples, size = samples_of_a_page(device, job), job.parameters * controllers.value_bytes
    exchange = Exchange(
        send_ps=transfer_ps(size, controllers.bus_bytes_per_s),
        merge_ps=controllers.time_ps(job.parameters),
        part_ps=controllers.time_ps(3 * job.parameters),
        send={"bus_byte": size},
        merge={"add": job.parameters},
        part={"add": 2 * job.parameters, "mac": job.parameters},
    )
    return (
        Stage(name="read", resource="flash", duration_ps=int(device.timing.array[0, 0]), actions={"page_read": 1}),
        Stage(
            name="transfer",
            resource="channel",
            duration_ps=device.transfer_ps + ps(device.command_s),
            actions={"channel_byte": device.page_bytes},
        ),
        Stage(
            name="compute",
            resource="compute",
            duration_ps=controllers.time_ps(samples * job.instructions),
            varies=True,
            actions={"mac": samples * job.macs, "add": samples * job.others},
        ),
        *exchange.legs(protocol, tau),
    )


def learn(
    device: Device,
    controllers: Controllers,
    job: Job,
    *,
    protocol: str,
    tau: int,
    pages: int,
    slowness: NDArray[np.float64] | None = None,
) -> tuple[Events, Outcome]:
    """What happens while each worker goes through so many pages.

    Args:
        device: as many workers as it has channels; each reads pages of its own channel.
        controllers, job: what computes, and what.
        protocol: a key of `picojoule.sim.exchange.PROTOCOLS`.
        tau: pages between exchanges.
        pages: of each worker.
        slowness: factors ``[workers, pages]`` of the computing time: stragglers; none if None.

    Raises:
        InputError: page or model do not fit, an unknown protocol, or τ below 1.
    """
    return run(
        stages(device, controllers, job, protocol=protocol, tau=tau),
        clients=device.channels,
        rounds=pages,
        ahead="transfer" if controllers.reads_ahead else None,
        slowness=slowness,
        bytes_per_round=device.page_bytes,
    )


def most_pages_per_s(device: Device, controllers: Controllers, job: Job, *, protocol: str, tau: int) -> float:
    """min(n / t_page, 1 / what a page takes of the shared link, 1 / what it takes of the master): no run is faster."""
    table = stages(device, controllers, job, protocol=protocol, tau=tau)
    own = [stage for stage in table if not stage.shared and stage.name != "part"]
    page = max(s.duration_ps for s in own) if controllers.reads_ahead else sum(s.duration_ps for s in own)
    shared: dict[str, float] = {}
    for stage in table:
        if stage.shared and not stage.barrier:
            shared[stage.resource] = shared.get(stage.resource, 0.0) + stage.duration_ps / stage.every
    return SECOND / max(page / device.channels, *shared.values(), 1e-9)
