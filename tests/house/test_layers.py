"""The floors point one way, nothing goes in circles, and nothing heavy is imported before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import picojoule

HOUSE = Path(picojoule.__file__).parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("base", "kernels"),
    ("neurons", "spikes", "quant", "cost", "data", "result", "metrics"),
    ("codes", "noise", "sde", "sim"),
    ("ir", "models", "herding"),
    ("engines",),
    ("conversion",),
    ("diagnosis", "measurement"),
    ("search", "train", "tuning"),
    ("benchmark", "exchange", "reports"),
    ("recipes",),
    ("cli",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
EXEMPT = {
    # 2026-11-22: a result prints itself; the drawing is imported when it is printed.
    ("result/values.py", "picojoule.reports.table"),
    ("result/values.py", "picojoule.reports.html"),
}
MODULES = sorted(path for path in HOUSE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("picojoule"):
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names if each.name.startswith("picojoule")}
    return found


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else None


def upward(path: Path, source_room: str) -> list[str]:
    """Imports of a file that do not point to a lower floor or to its own room."""
    name = path.relative_to(HOUSE).as_posix()
    return [
        f"{name} imports {module}"
        for module in sorted(imports(path))
        if (target := room(module)) and target != source_room and FLOOR[target] >= FLOOR[source_room]
        if not any((name, allowed) in EXEMPT for allowed in (module, module.rpartition(".")[0]))
    ]


def test_every_room_has_a_floor():
    rooms = {path.name for path in HOUSE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert rooms == set(FLOOR)


def test_imports_point_down():
    rooms = {path: path.relative_to(HOUSE).parts[0] for path in MODULES}
    wrong = [line for path, own in rooms.items() if own in FLOOR for line in upward(path, own)]
    assert not wrong, "\n".join(wrong)


def test_an_upward_import_would_be_caught(tmp_path):
    file = HOUSE / "base" / "units.py"
    assert upward(HOUSE / "recipes" / "compare.py", "base"), "a recipe's imports seen from the ground floor point up"
    assert not upward(file, "base")


def test_recipes_do_not_know_each_other():
    named = {"burst_spikes", "deep_spiking_training", "noise_robust", "t2fsnn", "compare"}
    for path in (HOUSE / "recipes").glob("*.py"):
        others = {f"picojoule.recipes.{name}" for name in named - {path.stem}}
        assert not imports(path) & others, path.name


def _modules() -> dict[str, Path]:
    names = {}
    for path in MODULES:
        parts = ("picojoule", *path.relative_to(HOUSE).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def test_no_cycle_between_modules():
    modules = _modules()
    edges = {}
    for name, path in modules.items():
        top = ast.parse(path.read_text())
        body = [node for node in top.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        found = set()
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                children = {f"{node.module}.{each.name}" for each in node.names}
                found |= {child for child in children if child in modules} or {node.module}
        edges[name] = found - {name}
    seen: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name not in seen:
            for target in sorted(edges[name]):
                visit(target, (*path, name))
            seen[name] = 1

    for name in modules:
        visit(name, ())


def test_no_star_imports():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names)), path


LIGHT = [
    "import picojoule",
    "import picojoule.result, picojoule.cost, picojoule.recipes.index, picojoule.cli.main",
    "from picojoule.cli.main import main; main(['list'])",
    "from picojoule.cli.main import main; main(['profiles'])",
    "from picojoule.cli.main import main; main(['cite', 't2fsnn'])",
]


@pytest.mark.parametrize("code", LIGHT)
def test_light_things_stay_light(code):
    heavy = "{'torch', 'numba', 'matplotlib'} & set(sys.modules)"
    check = f"{code}\nimport sys\nheavy = {heavy}\nassert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
