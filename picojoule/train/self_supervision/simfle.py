"""SimFLE (cite key ``simfle2023``): two views of a face agree, and the face is rebuilt from its telling parts.

::

    L = L_s + L_r + α·L_d + β·L_g

    L_s   two views x₁, x₂ under the backbone and its target             (byol)
    A     = grouped channels of stopgrad(backbone(x₀))                    x₀ the plain picture
    kept  = the patches where one random group of A is largest
    L_r   x₀ rebuilt from the kept patches                                (rebuilding)
    L_d   the heads on y₁, y₂ and on the mean of the encoder's tokens     (agreement)
    L_g   of A                                                            (grouping)

So A learns from L_g alone and the autoencoder from L_r and L_d; of all that happens to x₀ only L_d reaches the
backbone, through the heads on y₁ and y₂. Read in the authors' released code, written anew here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
from picojoule.models.vision.channel_groups import ChannelGroups, highest, patch_scores
from picojoule.models.vision.masked_autoencoder import MaskedAutoencoder, patches_of
from picojoule.train.self_supervision.agreement import agreement
from picojoule.train.self_supervision.byol import Byol, head
from picojoule.train.self_supervision.grouping import grouping
from picojoule.train.self_supervision.rebuilding import masked_error


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What of it is there.

    Attributes:
        views: L_s, and with it the global branch.
        rebuild: L_r and L_d, and with them the fine branch.
        mask: kept patches by activations, or at random.
        keep: patches of the highest or of the lowest activation.
        groups: G.
        ratio: share of the patches that is masked; of n patches int(n·(1 − ratio)) are kept.
        alpha, beta: α and β.
        temperature: T of L_d.
        start: of the grouping weights: at random, or all alike as in the released code.
        opened: let L_r reach A and the backbone, through the scores of the kept patches; not in the paper.
    """

    views: bool = True
    rebuild: bool = True
    mask: Literal["semantic", "random"] = "semantic"
    keep: Literal["high", "low"] = "high"
    groups: int = 32
    ratio: float = 0.75
    alpha: float = 0.3
    beta: float = 0.03
    temperature: float = 4.0
    start: Literal["kaiming", "constant"] = "kaiming"
    opened: bool = False

    def __post_init__(self) -> None:
        if not (self.views or self.rebuild):
            raise InputError("neither views nor rebuilding", where="SimFLE", remedy="leave it something to learn from")
        if not 0 < self.ratio < 1:
            raise InputError(f"a mask ratio of {self.ratio}", where="SimFLE", remedy="give a number between 0 and 1")


class Terms(NamedTuple):
    """The four losses; 0 where a part is left out."""

    views: Tensor
    rebuilding: Tensor
    agreement: Tensor
    grouping: Tensor


class Masked(NamedTuple):
    """How pictures are masked: A ``[b, C, h, w]`` and scores of patches ``[b, n]``, None where the mask is random, and
    positions of the kept patches ``[b, k]``."""

    maps: Tensor | None
    scores: Tensor | None
    kept: Tensor


class Backbone(Protocol):
    """A convolutional network, such as :class:`~picojoule.models.vision.resnet.ResNet`."""

    channels: int

    def features(self, images: Tensor) -> Tensor:
        """Maps ``[b, channels, h, w]`` of pictures."""
        ...


@final
class SimFLE(nn.Module):
    """The whole of it; ``fit(model, objective, …, augment=Views(…), after=SimFLE.follow)`` trains it.

    Args:
        network: what learns; the number of its channels is a multiple of G.
        autoencoder: FaceMAE; its size is that of x₀.
        choices: what is there.
        hidden, outputs: of all four heads.
        momentum: of the target.

    Raises:
        InputError: channels that are no multiple of G.
    """

    def __init__(
        self,
        network: Backbone,
        autoencoder: MaskedAutoencoder,
        *,
        choices: Choices = Choices(),
        hidden: int = 4096,
        outputs: int = 256,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        self.choices, self.autoencoder = choices, autoencoder
        channels = network.channels
        self.byol = Byol(Pooled(network), channels, hidden=hidden, outputs=outputs, momentum=momentum)
        self.groups = ChannelGroups(channels, choices.groups, start=choices.start)
        self.global_head = head(channels, hidden, outputs)
        self.fine_head = head(autoencoder.width, hidden, outputs)

    @property
    def backbone(self) -> Pooled:
        """What is learnt: pictures to features ``[b, channels]``."""
        return self.byol.backbone

    def forward(self, views: Tensor) -> Terms:
        """The losses of views ``[b, 3, c, h, w]``: the plain picture, and two changed ones."""
        plain, one, other = (view.contiguous(memory_format=torch.channels_last) for view in views.unbind(1))
        zero = plain.new_zeros(())
        l_s, heads, choices = zero, [], self.choices
        if choices.views:
            l_s, features = self.byol(one, other)
            heads = [self.global_head(y) for y in features] if choices.alpha else []
        if not choices.rebuild:
            return Terms(l_s, zero, zero, zero)
        small = self.autoencoder.sized(plain)
        masked = self.mask(small)
        tokens, predicted = self.autoencoder(small, masked.kept, weight=self._weight(masked))
        hidden = small.new_ones(len(small), self.autoencoder.side**2).scatter(1, masked.kept, 0.0)
        l_r = masked_error(predicted, patches_of(small, self.autoencoder.patch), hidden)
        l_d = zero
        if choices.alpha:
            heads.append(self.fine_head(tokens[:, 1:].mean(1)))
            l_d = agreement(heads, temperature=choices.temperature)
        l_g = zero if masked.maps is None or not choices.beta else grouping(masked.maps, choices.groups)
        return Terms(l_s, l_r, l_d, l_g)

    def mask(self, pictures: Tensor) -> Masked:
        """Choose patches of pictures ``[b, c, size, size]``, by a group of each that is drawn, or at random."""
        choices, b = self.choices, len(pictures)
        if choices.mask == "random":
            return Masked(None, None, self.kept(torch.rand(b, self.autoencoder.side**2, device=pictures.device)))
        with torch.set_grad_enabled(choices.opened and torch.is_grad_enabled()):
            maps = self.backbone.maps(pictures)
        return self.choose(self.groups(maps), torch.randint(choices.groups, (b,), device=maps.device))

    def choose(self, maps: Tensor, group: Tensor) -> Masked:
        """Patches by a group of each picture, int64 ``[b]``; `maps` is A."""
        sizes = {"size": self.autoencoder.size, "side": self.autoencoder.side}
        scores = patch_scores(maps, group, self.choices.groups, **sizes)
        return Masked(maps, scores, self.kept(scores if self.choices.keep == "high" else -scores))

    def kept(self, scores: Tensor) -> Tensor:
        """The patches of the highest scores ``[b, n]``, as many as are kept, ``[b, k]``."""
        return highest(scores, int(self.autoencoder.side**2 * (1 - self.choices.ratio)))

    def follow(self) -> None:
        """Let the target follow: after each step."""
        self.byol.follow()

    def _weight(self, masked: Masked) -> Tensor | None:
        """1 for each kept patch, with the gradient of its score where that is wanted, ``[b, k, 1]``."""
        if not self.choices.opened or masked.scores is None:
            return None
        scores = masked.scores.gather(1, masked.kept).unsqueeze(2)
        return 1 + scores - scores.detach()


@final
class Pooled(nn.Module):
    """A network's maps, and their mean over space."""

    def __init__(self, network: Backbone) -> None:
        super().__init__()
        self.network = network

    def maps(self, pictures: Tensor) -> Tensor:
        """``[b, channels, h, w]``."""
        return self.network.features(pictures)

    def forward(self, pictures: Tensor) -> Tensor:
        """``[b, channels]``."""
        return self.maps(pictures).mean((2, 3))


def objective(model: nn.Module, views: Tensor, _: Tensor) -> Tensor:
    """L, as a loss for :func:`picojoule.train.fit`."""
    assert isinstance(model, SimFLE)
    terms, choices = model(views), model.choices
    return terms.views + terms.rebuilding + choices.alpha * terms.agreement + choices.beta * terms.grouping
