"""The scenes and the detector: the embedded ones, or a detector that is trained on what was given."""

from __future__ import annotations

import torch

from picojoule.base.errors import InputError
from picojoule.data.vision.detection import SceneData, Scenes, embedded, load
from picojoule.models import embedded_detector
from picojoule.models.loading import DETECTOR
from picojoule.models.vision.detection import TinyYolo, anchors_of, small_yolo, tiny_yolo_voc
from picojoule.recipes.settings import Settings
from picojoule.recipes.spiking_yolo.conditions import Size
from picojoule.train.detector import Settings as Training
from picojoule.train.detector import train_detector

_SMALL_STRIDE = 8


def scenes_for(settings: Settings, size: Size) -> SceneData:
    """The data of a mode.

    Raises:
        DataError: it cannot be read.
        InputError: the full mode without data, or data without training pictures.
    """
    if settings.mode == "smoke":
        return embedded.synthetic_twin(train=32, test=size.scenes, seed=settings.seed)
    if settings.data is None and settings.mode == "full":
        raise InputError("the full mode has no data", where="--full", remedy="give a VOC or COCO folder with --data")
    if settings.data is None:
        return embedded.load(train=size.calibration, test=min(size.scenes, settings.limit or size.scenes))
    data = load(settings.data, size=size.pixels)
    if not len(data.train):
        remedy = "give a set with a training part; benchmarks/spiking_yolo.py runs a published detector on such a set"
        raise InputError("it has no pictures to train on", where=settings.data, remedy=remedy)
    return data


def detector_for(data: SceneData, settings: Settings, size: Size) -> TinyYolo:
    """The embedded detector; on given data a small one, in the full mode Tiny YOLO v2, trained first."""
    if settings.mode == "smoke" or settings.data is None:
        return embedded_detector(settings.weights or DETECTOR)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = _untrained(data, settings.mode).to(settings.device)
    batch = min(32 if settings.mode != "full" else 64, len(data.train))
    train_detector(model, data.train, Training(epochs=size.epochs, batch=batch), seed=settings.seed)
    return model.cpu()


def _untrained(data: SceneData, mode: str) -> TinyYolo:
    classes = len(data.names)
    return tiny_yolo_voc(classes) if mode == "full" else small_yolo(classes, _anchors(data.train))


def _anchors(scenes: Scenes) -> tuple[tuple[float, float], ...]:
    """Two, in cells."""
    return anchors_of((scenes.boxes[:, 2:] - scenes.boxes[:, :2]) / _SMALL_STRIDE, 2)
