"""Arrays as users have them, turned into images and labels as values."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from picojoule.base.errors import DataError
from picojoule.base.progress import say
from picojoule.data.npz import require_fits
from picojoule.data.vision.images import Images

CHANNELS = (1, 2, 3, 4)
MOST_CLASSES = 100_000
FLOAT32_BYTES = 4

# Largest value of each integer type of pixel: what is divided by to reach [0, 1].
FULL_SCALE = {"bool": 1, "uint8": 255, "uint16": 65535}


def to_images(
    pixels: np.ndarray, labels: np.ndarray, *, where: str, guess_scale: bool = True, channels_first: bool = False
) -> Images:
    """Images and labels from arrays.

    Args:
        pixels: NHW, NHWC or NCHW; bool, uint8 or uint16 (divided by 1, 255, 65535), other integers within 0..255
            (divided by 255), or real numbers (taken as they are).
        labels: ``[n]`` or ``[n, 1]``, whole numbers from 0.
        where: the data's name, for the messages.
        guess_scale: whether real numbers that are all whole and within 0..255 are pixels to be divided by 255.
        channels_first: four dimensions are known to be NCHW, with any number of channels.

    Raises:
        DataError: whatever is wrong with either, or lengths that differ.
    """
    counts = len(np.atleast_1d(pixels)), len(np.atleast_1d(labels))
    if counts[0] != counts[1]:
        what = f"there are {counts[0]} images but {counts[1]} labels"
        raise DataError(what, where=where, remedy="give each image one label")
    scaled = _scaled(pixels, where, guess_scale)
    if not (channels_first and scaled.ndim == 4):
        scaled = _channels_first(scaled, where)
    return Images(images=torch.from_numpy(np.ascontiguousarray(scaled)), labels=class_numbers(labels, where=where))


def class_numbers(labels: np.ndarray, *, where: str) -> Tensor:
    """Labels as int64 ``[n]``.

    Raises:
        DataError: not whole numbers, not one an image, negative, or 100,000 and more.
    """
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1:
        remedy = "give the class number of each image (numpy.argmax of one-hot rows)"
        raise DataError(f"the labels have the shape {labels.shape}, not one an image", where=where, remedy=remedy)
    if labels.dtype.kind not in "iufb":
        raise DataError(f"the labels are {labels.dtype}, not integers", where=where, remedy="number the classes from 0")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.round(labels))).all():
        odd = labels[~(np.isfinite(labels) & (labels == np.round(labels)))][0]
        raise DataError(f"there is a fractional label {odd}", where=where, remedy="number the classes from 0")
    outside = labels[(labels < 0) | (labels >= MOST_CLASSES)]
    if outside.size:
        raise DataError(
            f"there is a label {outside[0]}, outside 0..{MOST_CLASSES - 1}",
            where=where,
            remedy="number the classes from 0",
        )
    return torch.from_numpy(labels.astype(np.int64))


def require_images_fit(entries: int, *, where: str) -> None:
    """Refuse images of more than 8 GiB as float32.

    Args:
        entries: images × channels × height × width.
        where: the data's name, for the message.

    Raises:
        DataError: with the number of bytes.
    """
    require_fits(entries * FLOAT32_BYTES, where=where, error=DataError)


def normalised(images: Images, mean: tuple[float, ...], std: tuple[float, ...], *, where: str) -> Images:
    """(x − mean) / std per channel.

    Args:
        images: in [0, 1].
        mean: one number, or one for each channel.
        std: likewise, above 0.
        where: the data's name, for the messages.

    Raises:
        DataError: a wrong number of numbers, or one that is not finite, or a std that is not above 0.
    """
    channels = images.images.shape[1]
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise DataError(
                f"{name} has {len(values)} numbers but the images have {channels} channels",
                where=where,
                remedy=f"give one number, or {channels}",
            )
        if not all(np.isfinite(value) and (name == "mean" or value > 0) for value in values):
            raise DataError(f"{name} is {values}", where=where, remedy="give finite numbers, and a std above 0")
    centre, scale = (torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1) for values in (mean, std))
    return Images(images=(images.images - centre) / scale, labels=images.labels)


def _scaled(pixels: np.ndarray, where: str, guess_scale: bool) -> np.ndarray:
    """float32 of the same shape, integers brought to [0, 1]."""
    require_images_fit(pixels.size, where=where)
    name = pixels.dtype.name
    if name in FULL_SCALE:
        return pixels.astype(np.float32) / np.float32(FULL_SCALE[name])
    if pixels.dtype.kind not in "iuf":
        raise DataError(f"the pixels are {pixels.dtype}, not numbers", where=where, remedy="give uint8 or float32")
    if not pixels.size:
        return pixels.astype(np.float32)
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise DataError(f"the pixels are {name} from {low} to {high}", where=where, remedy="give uint8 or float32")
        return pixels.astype(np.float32) / np.float32(255)
    return _real(pixels, where, guess_scale and low >= 0 and 1 < high <= 255)


def _real(pixels: np.ndarray, where: str, maybe_bytes: bool) -> np.ndarray:
    with np.errstate(over="ignore"):
        real = pixels.astype(np.float32)
    bad = ~np.isfinite(real.reshape(len(real), -1)).all(axis=1)
    if bad.any():
        raise DataError(
            f"image {int(bad.argmax())} has a pixel that is not a finite number ({int(bad.sum())} such images)",
            where=where,
            remedy="leave them out, or mend them",
        )
    if maybe_bytes and (real == np.round(real)).all():
        say(f"{where}: pixels are whole numbers up to {real.max():.0f}, so they are divided by 255")
        return real / np.float32(255)
    return real


def _channels_first(pixels: np.ndarray, where: str) -> np.ndarray:
    """NHW, NHWC or NCHW to NCHW: the side of length 1 to 4 is the channels."""
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    first, last = (pixels.ndim == 4 and pixels.shape[axis] in CHANNELS for axis in (1, 3))
    if first == last:
        raise DataError(
            f"the images have the shape {pixels.shape}, in which the channels (1 to 4) are "
            + ("ambiguous" if first else "not to be found"),
            where=where,
            remedy="give [n, height, width], [n, height, width, channels] or [n, channels, height, width]",
        )
    return pixels if first else pixels.transpose(0, 3, 1, 2)
