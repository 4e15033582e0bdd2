"""Training of the embedded network, on a few generated digits."""

from dataclasses import replace

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.vision import synthetic
from picojoule.models.loading import embedded_from, embedded_metadata
from picojoule.train import digits
from picojoule.train.digits import SETTINGS, train_embedded

DATA = synthetic.load(train=80, test=20)
SHORT = {name: replace(setting, epochs=2, batch=16) for name, setting in SETTINGS.items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "digits.safetensors"
    return path, train_embedded(path, settings=SHORT, data=DATA)


def test_the_file_holds_both_variants(trained) -> None:
    path, variants = trained
    assert path.stat().st_size < 300_000
    for name, one in variants.items():
        loaded = embedded_from(path, name)
        assert torch.equal(loaded(DATA.test.images), one.model(DATA.test.images))
        assert embedded_metadata(path)[f"{name}.accuracy"] == f"{one.accuracy:.4f}"


def test_the_same_seed_gives_the_same_file(trained, tmp_path) -> None:
    path, _ = trained
    train_embedded(tmp_path / "again.safetensors", settings=SHORT, data=DATA)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_the_penalty_makes_it_sparser() -> None:
    setting = replace(SHORT["sparse"], epochs=4)
    plain, sparse = (
        train_embedded(settings={"sparse": replace(setting, sparsity=sparsity)}, data=DATA)["sparse"].activity
        for sparsity in (0.0, 1.0)
    )
    assert sparse < plain


def test_an_interrupted_training_goes_on(trained, tmp_path, monkeypatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(digits, "accuracy", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        train_embedded(settings=SHORT, data=DATA, checkpoints=tmp_path)
    resumed = train_embedded(settings=SHORT, data=DATA, checkpoints=tmp_path)
    for name, one in resumed.items():
        assert torch.equal(one.model.fc.weight, trained[1][name].model.fc.weight)


def test_wrong_arguments_are_found_before_the_training(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(digits, "train_variant", None)
    with pytest.raises(InputError, match=r"no variant was asked for.*Remedy: name one of sparse, plain"):
        train_embedded(settings={})
    assert digits.main([str(tmp_path / "file" / "w.safetensors")]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert message.count("\n") == 1
