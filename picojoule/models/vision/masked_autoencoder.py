"""A masked autoencoder (cite key ``he2022mae``): tokens of the patches that are kept, and a guess at all of them.

::

    tokens = encoder([CLS; W·patch_j + pos_j for kept j])
    P̂ = W'·decoder([CLS; tokens at their places, the mask token at all others] + pos')
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from picojoule.base.errors import InputError
from picojoule.models.attention import TransformerLayer


@final
class MaskedAutoencoder(nn.Module):
    """Square pictures ``[b, channels, size, size]``, of which some patches are seen.

    The defaults are FaceMAE's: a ViT-B, and a small decoder.

    Args:
        size: pixels of a side; a multiple of `patch`.
        patch: pixels of a patch's side.
        channels: of the pictures.
        width, depth, heads: of the encoder's tokens, layers and attention; a width is a multiple of 4.
        decoder_width, decoder_depth, decoder_heads: of the decoder's.

    Attributes:
        side: patches of a side.

    Raises:
        InputError: sizes that do not divide.
    """

    def __init__(
        self,
        *,
        size: int = 112,
        patch: int = 16,
        channels: int = 3,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        decoder_width: int = 512,
        decoder_depth: int = 8,
        decoder_heads: int = 16,
    ) -> None:
        super().__init__()
        if size % patch or width % 4 or decoder_width % 4:
            what = f"pictures of {size} pixels in patches of {patch}, tokens of {width} and {decoder_width}"
            raise InputError(what, where="MaskedAutoencoder", remedy="give multiples of the patch and of 4")
        self.size, self.patch, self.side, self.width = size, patch, size // patch, width
        pixels = channels * patch**2
        self.embed = nn.Linear(pixels, width)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.encoder = nn.Sequential(*(TransformerLayer(width, heads) for _ in range(depth)), nn.LayerNorm(width))
        self.narrow = nn.Linear(width, decoder_width)
        self.blank = nn.Parameter(torch.zeros(1, 1, decoder_width))
        layers = (TransformerLayer(decoder_width, decoder_heads) for _ in range(decoder_depth))
        self.decoder = nn.Sequential(*layers, nn.LayerNorm(decoder_width))
        self.pixels = nn.Linear(decoder_width, pixels)
        self.register_buffer("places", waves(self.side, width), persistent=False)
        self.register_buffer("decoder_places", waves(self.side, decoder_width), persistent=False)
        self.apply(_start)
        for token in (self.cls, self.blank):
            nn.init.normal_(token, std=0.02)

    def sized(self, pictures: Tensor) -> Tensor:
        """Square pictures brought to this size."""
        if pictures.shape[-1] == self.size:
            return pictures
        size = (self.size, self.size)
        return interpolate(pictures, size, mode="bilinear", antialias=True, align_corners=False)

    def encode(self, pictures: Tensor, kept: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
        """Tokens ``[b, 1 + k, width]``, CLS first.

        Args:
            pictures: ``[b, channels, size, size]``.
            kept: positions of the patches that are seen, int64 ``[b, k]``; all if None.
            weight: what the embedded patches are multiplied by, ``[b, k, 1]``.
        """
        patches = patches_of(pictures, self.patch)
        places = self.places.expand(len(pictures), -1, -1)
        if kept is not None:
            patches, places = _at(patches, kept), _at(places, kept)
        tokens = self.embed(patches)
        tokens = (tokens if weight is None else tokens * weight) + places
        return self.encoder(torch.cat([self.cls.expand(len(pictures), -1, -1), tokens], 1))

    def decode(self, tokens: Tensor, kept: Tensor) -> Tensor:
        """P̂ of all patches, ``[b, side², pixels]``, of an encoder's tokens."""
        tokens = self.narrow(tokens)
        blanks = self.blank.expand(len(tokens), self.side**2, -1)
        where = kept.unsqueeze(2).expand(-1, -1, tokens.shape[2])
        placed = blanks.scatter(1, where, tokens[:, 1:]) + self.decoder_places
        return self.pixels(self.decoder(torch.cat([tokens[:, :1], placed], 1))[:, 1:])

    def forward(self, pictures: Tensor, kept: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Tokens and P̂; arguments as of :meth:`encode`."""
        tokens = self.encode(pictures, kept, weight)
        return tokens, self.decode(tokens, kept)


def patches_of(pictures: Tensor, patch: int) -> Tensor:
    """Patches ``[b, side², channels·patch²]`` of pictures ``[b, channels, size, size]``, row by row."""
    b, c, size, _ = pictures.shape
    side = size // patch
    return pictures.reshape(b, c, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5).reshape(b, side**2, -1)


def waves(side: int, width: int) -> Tensor:
    """Fixed places of side² patches, ``[1, side², width]``: sines and cosines, half of them of the column, half of the
    row, with wavelengths from 2π to 2π·10⁴."""
    speeds = 10_000.0 ** -(torch.arange(width // 4) / (width // 4))
    angles = torch.arange(side)[:, None] * speeds
    line = torch.cat([angles.sin(), angles.cos()], 1)
    return torch.cat([line.repeat(side, 1), line.repeat_interleave(side, 0)], 1).unsqueeze(0)


def _at(tokens: Tensor, kept: Tensor) -> Tensor:
    return tokens.gather(1, kept.unsqueeze(2).expand(-1, -1, tokens.shape[2]))


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
