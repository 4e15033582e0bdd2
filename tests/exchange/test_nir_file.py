"""A NIR file or graph that says it is larger than it can be is refused before anything is allocated for it."""

import resource
import struct
from pathlib import Path

import numpy as np
import pytest

nir = pytest.importorskip("nir")
h5py = pytest.importorskip("h5py")

from exchanged import perceptron, resnet  # noqa: E402
from picojoule.base.errors import InputError  # noqa: E402
from picojoule.exchange import from_nir, to_nir  # noqa: E402


@pytest.fixture
def little_memory():
    """Not more than 300 MiB beyond what the process has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def path(tmp_path):
    to_nir(perceptron(), tmp_path / "net.nir")
    from_nir(tmp_path / "net.nir")  # what is imported on the way is no part of a test
    return tmp_path / "net.nir"


def test_numbers_that_no_file_of_its_size_holds(path, little_memory):
    with h5py.File(path, "r+") as file:
        group = file["node/nodes/0"]
        del group["weight"]
        group.create_dataset("weight", (2**15, 2**15), "f4", chunks=(64, 64), compression="gzip")
    with pytest.raises(InputError, match=r"the whole of it would take 4\d{9} bytes"):
        from_nir(path)


def test_a_piece_that_is_larger_than_its_file(path, little_memory):
    """The length of a compressed piece stands in front of its place, in an index that no checksum guards."""
    with h5py.File(path) as file:
        weight = file["node/nodes/0/weight"]
        info = weight.id.get_chunk_info(0)
        key = struct.pack("<II", info.size, 0) + bytes(8 * (weight.ndim + 1)) + struct.pack("<Q", info.byte_offset)
    content = path.read_bytes()
    assert content.count(key) == 1
    path.write_bytes(content.replace(key, struct.pack("<I", 1_200_000_000) + key[4:]))
    with pytest.raises(InputError, match="a piece of /node/nodes/0/weight would take 1200000000 bytes"):
        from_nir(path)


def large_input(graph):
    graph.nodes["input"].input_type = {"input": np.array([1, 2**16, 2**16])}


def large_padding(graph):
    next(node for node in graph.nodes.values() if type(node).__name__ == "Conv2d").padding = (2**15, 2**15)


def many_steps(graph):
    graph.metadata["steps"] = 10**12


@pytest.mark.parametrize(
    ("spoil", "what"),
    [(large_input, "4294967296 values"), (large_padding, "values, and"), (many_steps, "1000000000000 steps")],
)
def test_a_graph_of_large_numbers(spoil, what, little_memory):
    graph = to_nir(resnet())
    spoil(graph)
    with pytest.raises(InputError, match=what) as caught:
        from_nir(graph)
    assert caught.value.remedy
