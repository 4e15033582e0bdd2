"""Fixtures and paths of the whole suite."""

import os
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "conformance"))

torch.set_num_threads(1)


@pytest.fixture
def real_data() -> Path:
    """The folder of optional real data."""
    folder = os.environ.get("PICOJOULE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the optional real data: set PICOJOULE_DATA")
    return Path(folder)
