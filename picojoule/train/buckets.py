"""Gradients go to the other processes while the rest of the backward pass is still running.

Parameters are put into buckets in the order in which the backward pass reaches them, the last layer first. A bucket
whose gradients are all there is sent at once, in one message; buckets leave in the same order in every process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import final

import torch
from torch import Tensor, distributed, nn

BUCKET_BYTES = 25 << 20
"""Gradients in a message; the usual size."""


@final
class Buckets:
    """Adds up the gradients of all processes, bucket by bucket.

    A parameter without a gradient counts as zero where another process has one, and stays without where none has.
    Every bucket carries how many processes have each of its gradients.

    Args:
        parameters: those that learn, the same in every process.
        size: bytes after which a bucket is full.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], size: int = BUCKET_BYTES) -> None:
        self._buckets = [_Bucket(each) for each in fill([p for p in parameters if p.requires_grad], size)]
        self._sent = len(self._buckets)  # nothing leaves before `begin`
        for bucket in self._buckets:
            for parameter in bucket.members:
                parameter.register_post_accumulate_grad_hook(partial(self._arrived, bucket))

    def __len__(self) -> int:
        return len(self._buckets)

    def begin(self) -> None:
        """Before a backward pass: nothing has arrived."""
        self._sent = 0
        for bucket in self._buckets:
            bucket.missing = len(bucket.members)

    def finish(self) -> None:
        """After it: send what is left, wait for all, and put the sums into the gradients."""
        while self._sent < len(self._buckets):
            self._send()
        for bucket in self._buckets:
            bucket.receive()

    def _arrived(self, bucket: _Bucket, parameter: Tensor) -> None:
        bucket.missing -= 1
        while self._sent < len(self._buckets) and self._buckets[self._sent].missing <= 0:
            self._send()

    def _send(self) -> None:
        self._buckets[self._sent].send()
        self._sent += 1


@final
@dataclass(eq=False)
class _Bucket:
    """The gradients of a message: one after the other, and behind them how many processes have each."""

    members: list[nn.Parameter]
    missing: int = 0
    joined: Tensor | None = None
    work: distributed.Work | None = field(default=None, repr=False)

    def send(self) -> None:
        first = self.members[0]
        there = first.new_tensor([each.grad is not None for each in self.members])
        pieces = [torch.zeros_like(each) if each.grad is None else each.grad for each in self.members]
        self.joined = torch.cat([*(each.flatten() for each in pieces), there])
        self.work = distributed.all_reduce(self.joined, async_op=True)

    def receive(self) -> None:
        assert self.joined is not None and self.work is not None
        self.work.wait()
        *sums, there = self.joined.split([*(each.numel() for each in self.members), len(self.members)])
        for parameter, total, count in zip(self.members, sums, there.tolist(), strict=True):
            if count:
                parameter.grad = total.view_as(parameter)
        self.joined = self.work = None


def fill(parameters: list[nn.Parameter], size: int) -> list[list[nn.Parameter]]:
    """Parameters from the last to the first, in buckets of one number type and device that end once they have `size`
    bytes."""
    buckets: list[list[nn.Parameter]] = []
    held, last = 0, None
    for each in reversed(parameters):
        kind = (each.dtype, each.device)
        if not buckets or kind != last or held >= size:
            buckets.append([])
            held, last = 0, kind
        buckets[-1].append(each)
        held += each.numel() * each.element_size()
    return buckets
