"""LPIPS from a file of weights: its equation, and files that are not whole."""

import pytest
import torch
from safetensors.torch import save_file

from picojoule.base.errors import WeightsError
from picojoule.models.vision import lpips


def written(path, **changes):
    torch.manual_seed(0)
    model = lpips.Lpips()
    state = {name: each for name, each in model.state_dict().items() if not name.startswith("counts")}
    state |= {f"lin{k}.model.1.weight": torch.rand(1, len(each), 1, 1) for k, each in enumerate(model.counts)}
    save_file({**state, **changes}, path)
    return path


def test_its_equation(tmp_path):
    distance = lpips.load(written(tmp_path / lpips.FILE))
    x, y = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    assert not distance(x, x).any()
    total = torch.zeros(3)
    for k, (a, b) in enumerate(zip(distance.maps(x[:, None]), distance.maps(y[:, None]), strict=True)):
        apart = (a / a.norm(dim=1, keepdim=True).clamp_min(1e-5) - b / b.norm(dim=1, keepdim=True).clamp_min(1e-5)) ** 2
        total += (distance.counts[k].view(1, -1, 1, 1) * apart).sum(1).mean((1, 2))
    assert torch.allclose(distance(x, y), total, rtol=1e-3)
    assert [each.shape[1:] for each in distance.maps(torch.rand(1, 1, 224, 224))] == [
        (64, 55, 55), (192, 27, 27), (384, 13, 13), (256, 13, 13), (256, 13, 13)
    ]  # fmt: skip


def test_files_that_are_not_whole(tmp_path):
    with pytest.raises(WeightsError, match=r"lin2\.model\.1\.weight is missing or of another shape"):
        lpips.load(written(tmp_path / "a.safetensors", **{"lin2.model.1.weight": torch.rand(1, 3, 1, 1)}))
    with pytest.raises(WeightsError):
        lpips.load(tmp_path / "nothing.safetensors")
