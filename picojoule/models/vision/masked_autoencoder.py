"""A masked autoencoder (cite key ``he2022mae``): tokens of the patches that are kept, and a guess at all of them.

::

    tokens = encoder([CLS; W·patch_j + pos_j for kept j])
    P̂ = W'·decoder([CLS; tokens at their places, the mask token at all others] + pos')
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from picojoule.base.errors import InputError
