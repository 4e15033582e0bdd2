"""Images from Python: what a user's function returns, or what is handed in."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from picojoule.base.errors import DataError
from picojoule.base.files import sha256
from picojoule.base.progress import say, track
from picojoule.data.importing import call_function
from picojoule.data.vision.images import Dataset, Images
from picojoule.data.vision.raw import class_numbers, require_images_fit, to_images
from picojoule.data.vision.split import every_fifth

FORMS = "a picojoule Dataset, a torch dataset, a pair (x, y), or a pair (train, test) of those"


def load(spec: str) -> Dataset:
    """The data set that the function ``package.module:function`` returns.

    Raises:
        DataError: no such function, it raises, or its result is no data set.
    """
    return dataset_of(call_function(spec, "the data", error=DataError), name=spec)


def dataset_of(value: Any, *, name: str) -> Dataset:
    """`value`, in one of the forms, as a `Dataset`.

    Real numbers are taken as they are, since the function has its own preprocessing; uint8 is brought to [0, 1].

    Args:
        value: a `Dataset`; a torch dataset of pairs (image ``[c, h, w]``, class number); a pair (x, y) of tensors or
            arrays; or a pair (train, test) of the last two. What has no test part is split 80/20, and a line says so.
        name: of the data, for tables and messages.

    Raises:
        DataError: another form, or whatever is wrong with images or labels.
    """
    if isinstance(value, Dataset):
        return value
    parts = list(value) if isinstance(value, tuple | list) else [value]
    if len(parts) == 2 and all(isinstance(part, Tensor | np.ndarray) for part in parts):
        parts = [tuple(parts)]
    if not 1 <= len(parts) <= 2:
        raise _not_data(value, name)
    images = [_images(part, name) for part in parts]
    train, test = images if len(images) == 2 else _split(images[0], name)
    raw = (tensor.contiguous().numpy().data for part in images for tensor in (part.images, part.labels))
    return Dataset(name=name, train=train, test=test, sha256=sha256(*raw))


def _images(value: Any, name: str) -> Images:
    if isinstance(value, Images):
        return value
    if isinstance(value, TorchDataset):
        value = _stacked(value, name)
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    if not is_pair or not all(isinstance(part, Tensor | np.ndarray) for part in value):
        raise _not_data(value, name)
    pixels, labels = value
    # a real tensor is [n, c, h, w] by torch's convention; arrays and bytes may have the channels last
    real_tensor = isinstance(pixels, Tensor) and pixels.is_floating_point()
    return to_images(_array(pixels), _array(labels), where=name, guess_scale=False, channels_first=real_tensor)


def _array(values: Tensor | np.ndarray) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values
    values = values.detach().cpu()
    return (values.float() if values.is_floating_point() else values).numpy()


def _stacked(data: TorchDataset, name: str) -> tuple[Tensor, Tensor]:
    """All items of a torch dataset, stacked."""
    count = len(data) if hasattr(data, "__len__") else None
    items = data if count is None else (data[position] for position in range(count))
    images: list[Tensor] = []
    labels: list[int] = []
    for position, item in enumerate(track(_checked(items, name), f"reading {name}", total=count)):
        image, label = _item(item, position, name)
        if images and image.shape != images[0].shape:
            shapes = f"{list(image.shape)} but image 0 has {list(images[0].shape)}"
            raise DataError(
                f"image {position} has the shape {shapes}", where=name, remedy="bring all images to one size"
            )
        require_images_fit(max(count or 0, position + 1) * image.numel(), where=name)
        images.append(image)
        labels.append(label)
    if not images:
        raise DataError("the data set is empty", where=name, remedy="give at least five images a class")
    return torch.stack(images), torch.tensor(labels)


def _checked(items: Any, name: str) -> Any:
    try:
        yield from items
    except DataError:
        raise
    except Exception as problem:
        raise DataError(
            f"reading an item raised {type(problem).__name__}: {problem}",
            where=name,
            remedy="make the data set give pairs (image, class number)",
        ) from problem


def _item(item: Any, position: int, name: str) -> tuple[Tensor, int]:
    is_pair = isinstance(item, tuple | list) and len(item) == 2
    if not is_pair or not isinstance(item[0], Tensor | np.ndarray) or item[0].ndim not in (2, 3):
        kind = type(item[0] if is_pair else item).__name__
        raise DataError(
            f"item {position} is not a pair (image tensor [c, h, w], class number), but has a {kind}",
            where=name,
            remedy="turn pictures into tensors in the data set's transform",
        )
    label = np.asarray(item[1])
    if label.size != 1:
        what = f"item {position} has a label of the shape {label.shape}"
        raise DataError(what, where=name, remedy="give the class number (argmax of a one-hot row)")
    return torch.as_tensor(item[0]), int(class_numbers(label.reshape(1), where=f"{name} item {position}")[0])


def _not_data(value: Any, name: str) -> DataError:
    kind = f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple | list) else type(value).__name__
    return DataError(f"it gives a {kind}, not a data set", where=name, remedy=f"return {FORMS}")


def _split(images: Images, name: str) -> tuple[Images, Images]:
    train, test = every_fifth(images.labels, where=name)
    say(f"{name}: no test part, so every fifth image of each class ({len(test)} of {len(images)}) is kept for the test")
    return images.select(train), images.select(test)
