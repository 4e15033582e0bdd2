"""Fixtures and paths of the whole suite."""

import os
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "conformance"))
sys.path.insert(0, str(Path(__file__).parent / "sim"))
sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

torch.set_num_threads(1)
# No test depends on the clock or on chance: the same examples every time, however slow the machine.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture
def real_data() -> Path:
    """The folder of optional real data."""
    folder = os.environ.get("PICOJOULE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the optional real data: set PICOJOULE_DATA")
    return Path(folder)
