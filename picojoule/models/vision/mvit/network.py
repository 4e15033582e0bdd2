"""MViTv2: a vision transformer that halves its grid and doubles its channels three times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.models.vision.mvit.attention import EPS, PoolingAttention, on_grid
from picojoule.models.vision.mvit.sizes import STAGES, Size


class Stage(NamedTuple):
    """What leaves a stage: its tokens ``[batch, side², channels]``, and its class token ``[batch, channels]``."""

    tokens: Tensor
    token: Tensor | None


@final
class MViT(nn.Module):
    """Pictures to the tokens of four scales. No norm follows the last block: whoever uses them has one.

    Args:
        size: see :data:`picojoule.models.vision.mvit.SIZES`.
        pixels: a side of the pictures; a multiple of 8 strides.
        channels: of the pictures.
        drop_path: how likely the last block is left out in training; rises linearly from 0 over the blocks.

    Raises:
        InputError: pictures whose grids cannot be halved.
    """

    def __init__(self, size: Size, *, pixels: int = 224, channels: int = 3, drop_path: float = 0.0) -> None:
        super().__init__()
        if pixels % (size.stride << (STAGES - 1)):
            raise InputError(
                f"pictures of {pixels} pixels",
                where="MViT",
                remedy=f"give a multiple of {size.stride << (STAGES - 1)}",
            )
        self.size, self.pixels = size, pixels
        self.patches = nn.Conv2d(channels, size.width, size.kernel, size.stride, size.kernel // 2)
        self.token = nn.Parameter(torch.empty(1, 1, size.width)) if size.class_token else None
        self.blocks = nn.ModuleList(_blocks(size, pixels, drop_path))
        self.apply(_initialise)
        if self.token is not None:
            nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, x: Tensor) -> tuple[Stage, ...]:
        """Pictures ``[batch, channels, pixels, pixels]`` to what leaves each of the four stages."""
        tokens, found = self.entering(x), []
        for number in range(STAGES):
            tokens = self.stage(number, tokens)
            found.append(self._leaving(tokens))
        return tuple(found)

    def stage(self, number: int, tokens: Tensor) -> Tensor:
        """The tokens that leave a stage, the class token first, from those that enter it."""
        first = self.size.taps[number] + 1 - self.size.depths[number]
        for block in self.blocks[first : self.size.taps[number] + 1]:
            tokens = block(tokens)
        return tokens

    def entering(self, x: Tensor) -> Tensor:
        """The tokens that enter the first block, the class token first."""
        if tuple(x.shape[2:]) != (self.pixels, self.pixels):
            raise InputError(
                f"pictures of {x.shape[3]}×{x.shape[2]} pixels",
                where=f"an MViT for {self.pixels} pixels",
                remedy="bring them to that size",
            )
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        return tokens if self.token is None else torch.cat((self.token.expand(len(x), -1, -1), tokens), dim=1)

    def watched(self, x: Tensor) -> tuple[tuple[Stage, ...], tuple[Tensor, ...]]:
        """What leaves each stage, and what the class token attends to in its last block, on the grid of the keys
        ``[batch, rows, columns]``, without a gradient.
        """
        tokens, found, seen = self.entering(x), [], []
        for number, block in enumerate(self.blocks):
            if number in self.size.taps:
                with torch.no_grad():
                    seen.append(block.attention.of_class_token(block.norm1(tokens)))
            tokens = block(tokens)
            if number in self.size.taps:
                found.append(self._leaving(tokens))
        return tuple(found), tuple(seen)

    def _leaving(self, tokens: Tensor) -> Stage:
        first = int(self.size.class_token)
        return Stage(tokens[:, first:], tokens[:, 0] if first else None)


@final
class MViTClassifier(nn.Module):
    """MViTv2 with the usual head: the class token, or the mean of the patches where there is none, through one layer.

    Args:
        backbone: the transformer.
        classes: of the answer.
    """

    def __init__(self, backbone: MViT, classes: int) -> None:
        super().__init__()
        width = backbone.size.widths[-1]
        self.backbone, self.norm, self.head = backbone, nn.LayerNorm(width, EPS), nn.Linear(width, classes)
        self.head.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures to logits ``[batch, classes]``."""
        tokens, token = self.backbone(x)[-1]
        return self.head(self.norm(tokens).mean(1) if token is None else self.norm(token))


@final
class Block(nn.Module):
    """x ← pool(short(x)) + attention(LN(x)), x ← x + MLP(LN(x)); where the channels grow, the short way starts from
    LN(x)·W, else from x.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        heads: int,
        side: int,
        *,
        stride: int,
        shrink: int,
        class_token: bool,
        drop: float,
    ) -> None:
        super().__init__()
        self.first = int(class_token)
        self.norm1, self.norm2 = nn.LayerNorm(inputs, EPS), nn.LayerNorm(outputs, EPS)
        self.attention = PoolingAttention(
            inputs, outputs, heads, side, stride=stride, shrink=shrink, class_token=class_token
        )
        self.widen = nn.Linear(inputs, outputs) if inputs != outputs else None
        self.pool = nn.MaxPool2d(stride + 1, stride, (stride + 1) // 2) if stride > 1 else None
        self.up, self.act, self.down = nn.Linear(outputs, 4 * outputs), nn.GELU(), nn.Linear(4 * outputs, outputs)
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        """Tokens ``[batch, tokens, inputs]`` to ``[batch, pooled tokens, outputs]``."""
        known = self.norm1(x)
        short = x if self.widen is None else self.widen(known)
        short = short if self.pool is None else on_grid(short, self.pool, self.first)
        x = short + self._sometimes(self.attention(known))
        return x + self._sometimes(self.down(self.act(self.up(self.norm2(x)))))

    def _sometimes(self, branch: Tensor) -> Tensor:
        """In training, 0 for some samples and more for the others, so that the mean stays."""
        if not self.training or not self.drop:
            return branch
        kept = torch.rand(len(branch), 1, 1, device=branch.device) >= self.drop
        return branch * kept / (1 - self.drop)


def _blocks(size: Size, pixels: int, drop_path: float) -> Iterator[Block]:
    inputs, side, total = size.width, pixels // size.stride, sum(size.depths)
    done = 0
    for stage, (depth, outputs) in enumerate(zip(size.depths, size.widths, strict=True)):
        for number in range(depth):
            stride = 2 if stage and not number else 1
            yield Block(
                inputs,
                outputs,
                size.heads << stage,
                side,
                stride=stride,
                shrink=max(1, size.shrink >> stage),
                class_token=size.class_token,
                drop=drop_path * done / max(1, total - 1),
            )
            inputs, side, done = outputs, side // stride, done + 1


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
