"""Every reader of foreign files: a good input, the file of it to spoil, and what must be true of what it gives."""

import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import mutations
import picojoule as pj
from picojoule.data import vision
from picojoule.data.events import folder as frames_folder
from picojoule.data.events import load as read_events
from picojoule.data.events import nmnist, sequences, voxel_grid
from picojoule.data.language import babi
from picojoule.data.language.relations import joint, mark, marked_text, opening
from picojoule.data.vision import detection
from picojoule.models.darknet import load_darknet
from picojoule.models.language.pointing import Form
from picojoule.models.loading import load_weights, read_weights
from picojoule.result import Claim, Energy, Result, Row, Series
from picojoule.search.journal import Journal
from picojoule.search.score import Score
from picojoule.sim.ssd import traces
from picojoule.train import checkpoint
from picojoule.train.linking import Material

Mutation = Callable[[bytes, Any], bytes]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One reader.

    Attributes:
        name: of it.
        make: writes a good input into a folder; gives what `read` takes.
        victim: the file in the folder that is spoilt.
        read: the reader.
        mutations: how.
        check: raises AssertionError where what was read is not whole.
    """

    name: str
    make: Callable[[Path], Any]
    victim: str
    read: Callable[[Any], Any]
    mutations: Sequence[Mutation]
    check: Callable[[Any], None] = lambda _: None


def _net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3)).eval()


def _weights(folder: Path) -> Path:
    save_file(_net().state_dict(), folder / "w.safetensors", {"training": '{"seed": "0"}'})
    return folder / "w.safetensors"


def _npz_weights(folder: Path) -> Path:
    np.savez(folder / "w.npz", **{key: value.numpy() for key, value in _net().state_dict().items()})
    return folder / "w.npz"


def _into_net(path: Path) -> nn.Module:
    return load_weights(_net(), path)


def _network(folder: Path) -> Path:
    net = pj.convert(_net(), torch.rand(4, 1, 8, 8), code=pj.codes.TTFS(steps=16))
    return pj.save(net, folder / "net.safetensors")


def _islands(folder: Path) -> Path:
    torch.manual_seed(0)
    model = nn.Sequential(_net()[0], nn.LayerNorm((6, 6)), nn.ReLU(), nn.Flatten(), nn.Softmax(1), nn.Linear(72, 3))
    net = pj.convert(model.eval(), torch.rand(4, 1, 8, 8), code=pj.codes.TTFS(steps=16), islands=True)
    return pj.save(net, folder / "net.safetensors")


def _nir(folder: Path) -> Path:
    net = pj.convert(_net(), torch.rand(4, 1, 8, 8), code=pj.codes.Rate(steps=8))
    pj.exchange.to_nir(net, folder / "net.nir")
    return folder / "net.nir"


def _runs(network: Any) -> None:
    done = pj.run(network, torch.rand(2, *network.nodes[0].shape))
    assert done.counts.total("spikes") >= 0


CFG = """[net]
width=16
height=16
channels=3

[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=8
size=1
groups=2
activation=relu

[route]
layers=-1,-2

[upsample]
stride=2

[convolutional]
filters=6
size=1
activation=linear

[yolo]
mask=0
anchors=4,4
classes=1
"""
CFG_WEIGHTS = 4 * 4 + 4 * 3 * 9 + 8 + 8 * 2 + 6 + 6 * 12


def _darknet(folder: Path) -> Path:
    (folder / "net.cfg").write_text(CFG)
    numbers = np.random.default_rng(0).random(CFG_WEIGHTS, dtype=np.float32)
    (folder / "net.weights").write_bytes(np.array([0, 2, 0, 0, 0], "<i4").tobytes() + numbers.tobytes())
    return folder


def _read_darknet(folder: Path) -> nn.Module:
    return load_darknet(folder / "net.cfg", folder / "net.weights")


def _forward(model: Any) -> None:
    if model.height <= 64 and model.width <= 64 and model.channels <= 16:
        model(torch.rand(1, model.channels, model.height, model.width))


def _images(folder: Path) -> Path:
    x, y = np.random.default_rng(0).integers(0, 256, (12, 6, 6), np.uint8), np.arange(12) % 3
    np.savez(folder / "x.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    return folder / "x.npz"


def _whole_images(data: Any) -> None:
    for part in (data.train, data.test):
        assert torch.isfinite(part.images).all() and len(part.images) == len(part.labels) > 0
        assert 0 <= int(part.labels.min()) <= int(part.labels.max()) < data.classes


def _pictures(kind: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for number in range(10):
            place = folder / "d" / "ab"[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (6, 7, 3), np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.{kind}")
        return folder / "d"

    return make


def _nmnist(folder: Path) -> Path:
    draw = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    for part in ("train", "test"):
        x, y, p = draw.integers(0, 34, 60), draw.integers(0, 34, 60), draw.integers(0, 2, 60)
        arrays |= {
            f"{part}_xyp": (x | y << 6 | p << 12).astype(np.uint16),
            f"{part}_dt": draw.integers(0, 900, 60).astype(np.uint16),
            f"{part}_offsets": np.arange(0, 61, 20),
            f"{part}_labels": np.arange(3),
        }
    np.savez(folder / nmnist.FILE, **arrays)
    return folder / nmnist.FILE


def _cut(data: Any) -> None:
    for part in (data.train, data.test):
        frames = part.frames(4)
        assert len(frames) == len(part.labels) and int(frames.counts.sum()) <= len(part.x)
        for start, end in zip(part.offsets[:-1].tolist(), part.offsets[1:].tolist(), strict=True):
            assert (part.time[start:end].diff() >= 0).all()


def _recording(folder: Path, form: str) -> Path:
    """Thirty events as the reader of one recording takes them."""
    draw = np.random.default_rng(0)
    x, y, p = draw.integers(0, 34, 30), draw.integers(0, 34, 30), draw.integers(0, 2, 30)
    t = np.sort(draw.integers(0, 90_000, 30))
    path = folder / f"events{form}"
    if form == ".npz":
        np.savez(path, x=x, y=y, t=t, p=p, size=np.array([34, 34]))
    elif form == ".txt":
        path.write_text(
            "34 34\n" + "".join(f"{d / 1e6:.6f} {a} {b} {c}\n" for a, b, c, d in zip(x, y, p, t, strict=True))
        )
    else:
        rows = zip(x.tolist(), y.tolist(), p.tolist(), t.tolist(), strict=True)
        path.write_bytes(b"".join(bytes([a, b, c << 7 | d >> 16, d >> 8 & 255, d & 255]) for a, b, c, d in rows))
    return path


def _in_order(found: Any) -> None:
    assert len(found) and (found.time.diff() >= 0).all() and int(found.places.max()) < found.size[0] * found.size[1]
    assert np.isfinite(voxel_grid(found).numpy()).all()


def _hqf(folder: Path) -> Path:
    """Thirty events and three frames as HQF has them."""
    import h5py

    draw = np.random.default_rng(0)
    with h5py.File(folder / "desk.h5", "w") as file:
        for name in ("xs", "ys", "ps"):
            stored = draw.integers(0, 2 if name == "ps" else 34, 30).astype(np.int16)
            file.create_dataset(f"events/{name}", data=stored, chunks=(10,), compression="gzip")
        file["events/ts"] = np.sort(draw.random(30))
        for k in range(3):
            file[f"images/image{k:09d}"] = draw.integers(0, 256, (34, 34)).astype(np.uint8)
            file[f"images/image{k:09d}"].attrs["timestamp"] = k / 4
    return folder / "desk.h5"


def _mvsec(folder: Path) -> Path:
    """Thirty events and three frames as MVSEC has them."""
    import h5py

    draw = np.random.default_rng(0)
    x, y, p = draw.integers(0, 34, 30), draw.integers(0, 34, 30), draw.integers(0, 2, 30) * 2 - 1
    with h5py.File(folder / "flying_data.hdf5", "w") as file:
        file["davis/left/events"] = np.stack([x, y, np.sort(draw.random(30)), p], 1)
        file["davis/left/image_raw"] = draw.integers(0, 256, (3, 34, 34)).astype(np.uint8)
        file["davis/left/image_raw_ts"] = np.arange(3) / 4
    return folder / "flying_data.hdf5"


def _filmed(film: Any) -> None:
    _in_order(film.events)
    assert len(film.frames) == len(film.times_us) and film.frames.isfinite().all()


def _frames(folder: Path) -> Path:
    for number in range(20):
        place = folder / "f" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        np.savez(place / f"{number:02d}.npz", frames=np.full((3, 2, 5, 5), number, np.uint8))
    return folder / "f"


STORY = (
    "1 Mary moved to the hall.\n2 John went to the garden.\n3 Where is Mary?\thall\t1\n4 Where is John?\tgarden\t2\n"
)


def _babi(folder: Path) -> Path:
    for part in ("train", "test"):
        (folder / f"qa1_one_{part}.txt").write_text(STORY * 3)
    return folder


def _packed_babi(folder: Path) -> Path:
    rows = [json.dumps({"file": f"qa1_one_{part}.txt", "text": STORY}) for part in ("train", "test")]
    (folder / "rows").write_text("\n".join(rows) + "\n")
    return folder


def _read_packed(folder: Path) -> Any:
    with gzip.open(folder / "b.jsonl.gz", "wb") as file:
        file.write((folder / "rows").read_bytes())
    return babi.load(folder / "b.jsonl.gz", 1)


def _zipped_babi(folder: Path) -> Path:
    _packed_babi(folder)
    (folder / "b.jsonl.gz").write_bytes(gzip.compress((folder / "rows").read_bytes()))
    return folder / "b.jsonl.gz"


TACRED = {
    "id": "a", "relation": "per:title", "token": ["Ann", "is", "a", "chief", "judge"], "subj_start": 0, "subj_end": 0,
    "obj_start": 3, "obj_end": 4, "subj_type": "PERSON", "obj_type": "TITLE",
}  # fmt: skip


def _tacred(folder: Path) -> Path:
    for split in ("train", "dev", "test"):
        (folder / f"{split}.json").write_text(json.dumps([TACRED, TACRED], indent=1))
        (folder / f"{split}_id2label.json").write_text(json.dumps({"a": "per:title"}))
    return folder


def _semeval(folder: Path) -> Path:
    for name in ("TRAIN_FILE.TXT", "TEST_FILE_FULL.TXT"):
        (folder / name).write_text('1\t"The <e1>child</e1> is in the <e2>cradle</e2>."\nOther\nComment:\n\n' * 2)
    return folder


def _semeval_rows(folder: Path) -> Path:
    row = {"id": 1, "text": "The <e1>child</e1> is in the <e2>cradle</e2>.", "relation": "Other"}
    rows = [json.dumps({**row, "split": split}) for split in ("train", "test")]
    (folder / "s.jsonl").write_text("\n".join(rows) + "\n")
    return folder / "s.jsonl"


def _fewrel(folder: Path) -> Path:
    row = {"tokens": ["A", "B", "is", "C"], "h": ["a b", "Q1", [[0, 1]]], "t": ["c", "Q2", [[3]]]}
    (folder / "f.json").write_text(json.dumps({"P1": [row] * 3, "P2": [row] * 3}))
    return folder / "f.json"


def _fewrel_rows(folder: Path) -> Path:
    row = {"source": "val_wiki", "relation": "P1", "tokens": ["A", "B", "is"], "h": ["a b", [0, 1]], "t": ["c", [2]]}
    (folder / "f.jsonl").write_text((json.dumps(row) + "\n") * 3)
    return folder / "f.jsonl"


def _related(corpus: Any) -> None:
    """Every sentence has two entities within it and a label of the corpus; all can be marked."""
    for sentence in (*corpus.train, *corpus.valid, *corpus.test):
        assert sentence.label in corpus.labels and all(map(sentence.words, sentence.pair))
        assert all(isinstance(each, str) for each in mark(sentence).tokens)
    assert isinstance(corpus.kinds, tuple)


JOINT = {
    "packed": {"split": "train", "tokens": ["Ann", "has", "X"], "entities": [[0, 1, "Peop"], [2, 3, "Org"]],
               "relations": [[0, 1, 2, 3, "Work_For"]]},
    "spert": {"split": "train", "tokens": ["Ann", "has", "X"], "relations": [{"type": "Owns", "head": 0, "tail": 1}],
              "entities": [{"type": t, "start": a, "end": a + 1} for t, a in (("Peop", 0), ("Org", 2))]},
    "dygie": {"split": "train", "sentences": [["Hi"], ["Ann", "has", "X"]], "ner": [[], [[1, 1, "P"], [3, 3, "O"]]],
              "relations": [[], [[1, 1, 3, 3, "Owns"]]]},
    "nyt": {"split": "train", "sentText": "Ann has X", "relationMentions": [
                {"em1Text": "Ann", "em2Text": "X", "label": "owns"}],
            "entityMentions": [{"text": "Ann", "label": "P"}, {"text": "X", "label": "O"}]},
    "copyre": {"split": "train", "text": "Ann has X", "triple_list": [["Ann", "owns", "X"]]},
}  # fmt: skip


def _joint(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rows = [json.dumps(JOINT[name] | {"split": split}) for split in ("train", "valid", "test")]
        (folder / "j.jsonl").write_text("\n".join(rows) + "\n")
        return folder / "j.jsonl"

    return make


def _linked(corpus: Any) -> None:
    """Every sentence can become numbers, and its relations targets."""
    form = Form(kinds=corpus.kinds or ("",), labels=corpus.labels, buckets=64)
    Material.of((*corpus.train, *corpus.test), form)


def _marked(folder: Path) -> Path:
    (folder / "t.md").write_text("[Ann](Peop) works for [X](Org).\n\nIt rained. [Bo](Peop) slept.\n" * 2)
    return folder / "t.md"


MSR = "128166372003061629,usr,0,Read,7014609920,24576,41286\n128166372016382155,usr,0,Write,2517778432,4096,703\n"


def _trace(form: str, lines: str) -> Reader:
    def make(folder: Path) -> Path:
        (folder / "t").write_text(lines)
        return folder / "t"

    return Reader(
        name=f"trace {form}",
        make=make,
        victim="t",
        read=lambda path: traces.read(path, page_bytes=4096, form=form, wrap_pages=1000),
        mutations=(mutations.text, mutations.raw),
        check=_in_drive,
    )


def _in_drive(requests: Any) -> None:
    assert (requests.page >= 0).all() and (requests.pages >= 1).all() and (requests.page + requests.pages <= 1000).all()
    assert (np.diff(requests.arrival_ps) >= 0).all() and requests.arrival_ps[0] == 0


def _result(folder: Path) -> Path:
    row = Row(
        system="ann fp32",
        metrics={"accuracy": 0.9},
        interval={"accuracy": (0.8, 0.95)},
        counts={"macs": 5.0, "spikes": None},
        energy=(Energy(profile="horowitz-45nm-fp32", joules=1e-6),),
        layers=({"name": "conv", "macs": 5.0},),
    )
    claim = Claim(id="a", text="b", paper=1.0, paper_source="c", measured=2.0, unit="d", status="reached", reason=None)
    series = Series(name="s", system="ann fp32", x=(1.0, 2.0), y=(0.1, None), x_unit="steps", y_unit="fraction")
    result = Result(
        recipe="compare", title="t", mode="quick", seed=0, data={"name": "x"}, rows=(row,), series=(series,),
        claims=(claim,), environment={"cpu": "y"},
    )  # fmt: skip
    return result.save(folder / "result.json")


def _same_again(result: Any) -> None:
    assert Result.from_dict(json.loads(result.to_json())).to_json() == result.to_json()
    str(result)


XML = """<annotation><filename>a.jpg</filename><object><name>dog</name><difficult>0</difficult>
<bndbox><xmin>3</xmin><ymin>1</ymin><xmax>30</xmax><ymax>10</ymax></bndbox></object></annotation>"""


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


def _voc(folder: Path) -> Path:
    for name in ("Annotations", "JPEGImages"):
        (folder / "v" / name).mkdir(parents=True)
    (folder / "v/JPEGImages/a.jpg").write_bytes(_jpeg())
    (folder / "v/Annotations/a.xml").write_text(XML)
    return folder / "v"


def _coco(folder: Path) -> Path:
    for name in ("annotations", "val2017"):
        (folder / "c" / name).mkdir(parents=True)
    (folder / "c/val2017/a.jpg").write_bytes(_jpeg())
    content = {
        "images": [{"id": 7, "file_name": "a.jpg"}],
        "annotations": [{"image_id": 7, "category_id": 18, "bbox": [10, 0, 20, 10], "iscrowd": 0}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "car"}],
    }
    (folder / "c/annotations/instances_val2017.json").write_text(json.dumps(content))
    return folder / "c"


def _boxed(folder: Path) -> Path:
    one = _jpeg()
    np.savez(
        folder / "b.npz",
        jpeg=np.frombuffer(one * 2, np.uint8),
        offsets=np.array([0, len(one), 2 * len(one)]),
        boxes=np.array([[0, 0, 1, 1, 20, 10], [1, 1, 2, 2, 30, 15]], np.float32),
        classes=np.array(["a", "b"]),
        ids=np.array(["p", "q"]),
    )
    return folder / "b.npz"


def _scenes(path: Path) -> Any:
    return detection.load(path, size=(32, 32))


def _whole_scenes(data: Any) -> None:
    for part in (data.train, data.test):
        assert torch.isfinite(part.boxes).all() and len(part.boxes) == len(part.classes) == len(part.owners)
        assert not len(part.classes) or (0 <= int(part.classes.min()) <= int(part.classes.max()) < len(data.names))


def _journal(folder: Path) -> Path:
    score = Score(accuracy=0.5, spikes=10.0, synops=1.0, joules=1e-6).to_dict()
    lines = [json.dumps({"of": "x"})] + [json.dumps({"genome": [n, 1], **score}) for n in range(3)]
    (folder / "j").write_text("\n".join(lines) + "\n")
    return folder / "j"


def _checkpoint(folder: Path) -> Path:
    model = _net()
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.rand(2, 1, 8, 8)).sum().backward()
    optimiser.step()
    epoch = checkpoint.Epoch(steps=3, loss=0.5, score=None, metrics={}, seconds=1.0)
    done = checkpoint.Done(steps=3, epochs=(epoch,), loss_sum=0.0)
    state = [torch.get_rng_state()]
    return checkpoint.save(folder, model, optimiser, "x", done, random=state, best={}).parent


def _resume(folder: Path) -> Any:
    model = _net()
    with torch.random.fork_rng(devices=[]):
        return checkpoint.load(folder, model, torch.optim.Adam(model.parameters()), "x")


READERS = (
    Reader(name="weights safetensors", make=_weights, victim="w.safetensors", read=_into_net,
           mutations=(mutations.raw, mutations.tensors)),
    Reader(name="weights npz", make=_npz_weights, victim="w.npz", read=_into_net,
           mutations=(mutations.raw, mutations.arrays)),
    Reader(name="weights to look at", make=_weights, victim="w.safetensors", read=read_weights,
           mutations=(mutations.raw, mutations.tensors)),
    Reader(name="network", make=_network, victim="net.safetensors", read=pj.load,
           mutations=(mutations.raw, mutations.tensors, mutations.tensors), check=_runs),
    Reader(name="network with islands", make=_islands, victim="net.safetensors", read=pj.load,
           mutations=(mutations.raw, mutations.tensors, mutations.tensors), check=_runs),
    Reader(name="nir", make=_nir, victim="net.nir", read=pj.exchange.from_nir,
           mutations=(mutations.raw,), check=_runs),
    Reader(name="darknet cfg", make=_darknet, victim="net.cfg", read=_read_darknet,
           mutations=(mutations.text, mutations.raw), check=_forward),
    Reader(name="darknet weights", make=_darknet, victim="net.weights", read=_read_darknet,
           mutations=(mutations.raw,), check=_forward),
    Reader(name="images npz", make=_images, victim="x.npz", read=vision.load,
           mutations=(mutations.raw, mutations.arrays, mutations.arrays), check=_whole_images),
    *(
        Reader(name=f"pictures {kind}", make=_pictures(kind), victim=f"d/a/0.{kind}", read=vision.load,
               mutations=(mutations.raw,), check=_whole_images)
        for kind in ("png", "jpg", "gif", "bmp", "tiff", "webp", "ppm")
    ),
    Reader(name="n-mnist", make=_nmnist, victim=nmnist.FILE, read=nmnist.load,
           mutations=(mutations.raw, mutations.arrays, mutations.arrays), check=_cut),
    *(
        Reader(name=f"events {form}{' repaired' * repair}", make=partial(_recording, form=form), victim=f"events{form}",
               read=partial(read_events, size=(34, 34), repair=repair), mutations=mutations_, check=_in_order)
        for form, mutations_ in ((".npz", (mutations.raw, mutations.arrays)), (".txt", (mutations.text, mutations.raw)),
                                 (".bin", (mutations.raw,)))
        for repair in (False, True)
    ),
    Reader(name="hqf", make=_hqf, victim="desk.h5", read=sequences.hqf, mutations=(mutations.raw,), check=_filmed),
    Reader(name="mvsec", make=_mvsec, victim="flying_data.hdf5", read=sequences.mvsec, mutations=(mutations.raw,),
           check=_filmed),
    Reader(name="frames of recordings", make=_frames, victim="f/a/00.npz", read=frames_folder.load,
           mutations=(mutations.raw, mutations.arrays)),
    Reader(name="babi", make=_babi, victim="qa1_one_train.txt", read=lambda path: babi.load(path, 1),
           mutations=(mutations.text, mutations.raw)),
    Reader(name="babi packed", make=_packed_babi, victim="rows", read=_read_packed,
           mutations=(mutations.rows, mutations.text)),
    Reader(name="babi gzip", make=_zipped_babi, victim="b.jsonl.gz", read=lambda path: babi.load(path, 1),
           mutations=(mutations.raw,)),
    Reader(name="tacred", make=_tacred, victim="train.json", read=opening.load,
           mutations=(mutations.parsed, mutations.parsed, mutations.raw), check=_related),
    Reader(name="re-tacred labels", make=_tacred, victim="train_id2label.json", read=opening.load,
           mutations=(mutations.parsed, mutations.raw), check=_related),
    Reader(name="semeval", make=_semeval, victim="TRAIN_FILE.TXT", read=opening.load,
           mutations=(mutations.text, mutations.raw), check=_related),
    Reader(name="semeval rows", make=_semeval_rows, victim="s.jsonl", read=opening.load,
           mutations=(mutations.rows, mutations.text), check=_related),
    Reader(name="fewrel", make=_fewrel, victim="f.json", read=opening.load,
           mutations=(mutations.parsed, mutations.parsed, mutations.raw), check=_related),
    Reader(name="fewrel rows", make=_fewrel_rows, victim="f.jsonl", read=opening.load,
           mutations=(mutations.rows, mutations.text), check=_related),
    *(
        Reader(name=f"joint {name}", make=_joint(name), victim="j.jsonl", read=joint.load,
               mutations=(mutations.rows, mutations.text), check=_linked)
        for name in JOINT
    ),
    Reader(name="marked text", make=_marked, victim="t.md", read=marked_text.read,
           mutations=(mutations.text, mutations.raw)),
    _trace("picojoule", traces.HEADER + "\n0.000,r,0,4096\n10.5,w,8192,4096\n20,r,4096,16384\n"),
    _trace("msr", MSR),
    _trace("mqsim", "0 0 100 8 1\n1000 0 5000 16 0\n"),
    Reader(name="result", make=_result, victim="result.json", read=Result.load,
           mutations=(mutations.parsed, mutations.parsed, mutations.raw), check=_same_again),
    Reader(name="boxes voc", make=_voc, victim="v/Annotations/a.xml", read=_scenes,
           mutations=(mutations.text, mutations.raw), check=_whole_scenes),
    Reader(name="boxes coco", make=_coco, victim="c/annotations/instances_val2017.json", read=_scenes,
           mutations=(mutations.parsed, mutations.parsed, mutations.raw), check=_whole_scenes),
    Reader(name="boxes npz", make=_boxed, victim="b.npz", read=_scenes,
           mutations=(mutations.raw, mutations.arrays, mutations.arrays), check=_whole_scenes),
    Reader(name="search journal", make=_journal, victim="j", read=lambda path: Journal(path, "x"),
           mutations=(mutations.rows, mutations.raw)),
    Reader(name="checkpoint", make=_checkpoint, victim=checkpoint.FILE, read=_resume,
           mutations=(mutations.raw, mutations.tensors)),
)  # fmt: skip
