"""Contract of Images, Dataset and the 80/20 split."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from picojoule.base.errors import DataError, InputError
from picojoule.data.vision import Dataset, Images
from picojoule.data.vision.split import every_fifth


def images(n: int, side: int = 4, classes: int = 3) -> Images:
    return Images(images=torch.arange(n * side * side).float().view(n, 1, side, side), labels=torch.arange(n) % classes)


@given(n=st.integers(1, 40), size=st.integers(1, 50))
def test_batches_give_each_image_once_in_order(n: int, size: int) -> None:
    part = images(n)
    batches = list(part.batches(size))
    assert torch.equal(torch.cat([x for x, _ in batches]), part.images)
    assert torch.equal(torch.cat([y for _, y in batches]), part.labels)
    assert all(len(x) == size for x, _ in batches[:-1])


@given(n=st.integers(1, 40), few=st.integers(1, 60))
def test_take_is_a_prefix(n: int, few: int) -> None:
    part = images(n)
    taken = part.take(few)
    assert len(taken) == min(n, few)
    assert torch.equal(taken.images, part.images[:few])


@pytest.mark.parametrize("call", [lambda part: part.take(0), lambda part: part.batches(0)])
def test_nothing_to_take_is_an_error(call) -> None:
    with pytest.raises(InputError, match=r"Images\.(take|batches).*Remedy"):
        call(images(3))


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(2).long(), "images must be a torch.float32 tensor of 4 dimensions"),
        (torch.zeros(2, 1, 3, 3).double(), torch.zeros(2).long(), "float64"),
        (torch.zeros(2, 1, 3, 3), torch.zeros(2), "labels must be a torch.int64"),
        (torch.zeros(2, 1, 3, 3), torch.zeros(3).long(), "2 images but 3 labels"),
    ],
)
def test_images_refuse_wrong_tensors(pixels, labels, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Images(images=pixels, labels=labels)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (images(3), images(0), "the test part has no images"),
        (images(3), images(3, side=5), r"\(1, 4, 4\) but test images \(1, 5, 5\)"),
        (images(3), images(9, classes=5), "label 4, the training part none above 2"),
        (images(3), Images(images=torch.zeros(1, 1, 4, 4), labels=torch.tensor([-1])), "label -1"),
    ],
)
def test_a_dataset_refuses_parts_that_do_not_belong_together(train: Images, test: Images, message: str) -> None:
    with pytest.raises(DataError, match=rf"^mine: .*{message}.*Remedy"):
        Dataset(name="mine", train=train, test=test, sha256="")


def test_summary_is_the_entry_of_result_json() -> None:
    data = Dataset(name="mine", train=images(6), test=images(3), sha256="ab")
    assert data.summary() == {"name": "mine", "train": 6, "test": 3, "sha256": "ab"}
    assert data.classes == 3


@given(st.lists(st.integers(0, 4), min_size=25, max_size=80).map(torch.tensor))
def test_every_fifth_of_each_class_is_kept_for_the_test(labels: torch.Tensor) -> None:
    train, test = every_fifth(labels, where="mine")
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(labels)))
    for label in range(5):
        assert (labels[test] == label).sum() == (labels == label).sum() // 5


def test_a_split_without_test_images_is_an_error() -> None:
    with pytest.raises(DataError, match=r"mine: no class has five images.*Remedy"):
        every_fifth(torch.arange(20), where="mine")
