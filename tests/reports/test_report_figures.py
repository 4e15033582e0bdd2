"""A figure appears where its data is, and only there."""

from __future__ import annotations

import math
import subprocess
import sys
import xml.etree.ElementTree as tree
from dataclasses import replace

import pytest

from picojoule.reports import figures
from picojoule.reports.columns import families
from picojoule.reports.draw import INK, colours, dashes, kind
from picojoule.reports.figures import (
    FIGURES,
    break_even,
    front,
    joules_against_accuracy,
    other_series,
    rasters,
    spikes_per_layer,
    timelines,
)
from picojoule.result import HIGHEST, LOWEST, Energy, Result, Row, Series
from sample_result import sample

EMPTY = Result(recipe="r", title="t", mode="m", seed=0, data={}, rows=(), series=())


def row(system, accuracy, joules):
    return Row(system=system, metrics={"accuracy": accuracy}, energy=(Energy(profile="p", joules=joules),))


def series(name, x=(1, 2), y=(1, 2)):
    return Series(name=name, system="s", x=x, y=y, x_unit="step", y_unit="y")


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_no_data_no_figure(draw):
    assert list(draw(EMPTY)) == []


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_each_is_xml_with_the_ink_of_the_page(draw):
    made = list(draw(sample()))
    assert len(made) == (len(families(sample().rows)) if draw is joules_against_accuracy else 1)
    for figure in made:
        assert tree.fromstring(figure.svg).tag.endswith("svg")
        assert "currentColor" in figure.svg
        assert INK not in figure.svg
        assert "<!--" not in figure.svg
        assert figure.title


def test_edges_become_a_band_and_no_lines_of_their_own():
    line = series("accuracy against noise", y=(0.9, 0.5))
    edges = [replace(line, name=line.name + end, y=y) for end, y in ((LOWEST, (0.8, 0.4)), (HIGHEST, (1.0, 0.6)))]
    (bare,) = other_series(replace(EMPTY, series=(line,)))
    (band,) = other_series(replace(EMPTY, series=(line, *edges)))
    assert "fill-opacity: 0.15" in band.svg and "fill-opacity: 0.15" not in bare.svg
    assert band.title == bare.title == "Accuracy against noise"


def test_texts_are_texts():
    (figure,) = break_even(sample())
    assert {"0.419", "0.174", "none", "phase T=64"} <= set(tree.fromstring(figure.svg).itertext())


@pytest.mark.parametrize("values", [(0.0, 0.0), (1e-12, 1e12), (math.nan, 1.0), (math.nan, math.nan), (5.0, 5.0)])
@pytest.mark.parametrize("name", ["accuracy against steps", "raster", "first spike times", "loss"])
def test_odd_numbers_are_drawn_or_left_out(name, values):
    result = replace(EMPTY, series=(series(name, values, values),))
    assert len(figures(result)) == (not all(map(math.isnan, values)))


def test_one_line_plot_for_each_other_name():
    made = figures(replace(EMPTY, series=(series("loss"), series("loss"), series("error"))))
    assert [figure.title for figure in made] == ["Loss", "Error"]


def test_large_rasters_are_pixels_so_that_the_file_stays_small():
    spikes = range(20_000)
    (figure,) = rasters(replace(EMPTY, series=(series("raster", spikes, spikes),)))
    assert "data:image/png" in figure.svg
    assert len(figure.svg) < 300_000


def test_the_front_holds_what_nothing_beats():
    rows = (
        row("good", 0.9, 2.0),
        row("best", 0.95, 4.0),
        row("beaten", 0.8, 3.0),
        row("cheap", 0.7, 1.0),
        row("free", 0.1, 0),
    )
    assert [system for _, _, system in front(rows, "p")] == ["cheap", "good", "best"]


def test_a_quality_that_is_no_share_has_no_per_cent():
    rows = tuple(
        Row(system=name, metrics={"ssim": value}, energy=(Energy(profile="p", joules=cost),))
        for name, value, cost in (("a", 0.5, 1.0), ("b", 0.6, 2.0))
    )
    (figure,) = joules_against_accuracy(Result(recipe="r", title="t", mode="m", seed=0, data={}, rows=rows, series=()))
    assert figure.title == "SSIM against joules, p" and "%" not in "".join(tree.fromstring(figure.svg).itertext())


def test_colours_are_by_kind_and_lines_of_one_colour_differ():
    systems = ["ann fp32", "rate T=8", "rate T=16", "ttfs T=8", "strange"]
    colour, dash = colours(systems), dashes(systems)
    assert kind("ttfs T=8 go") == "ttfs"
    assert colour["rate T=8"] == colour["rate T=16"]
    assert len(set(colour.values())) == 4
    assert dash["rate T=8"] != dash["rate T=16"]


def test_importing_the_floor_loads_neither_torch_nor_matplotlib():
    code = "import picojoule.reports, sys; assert not {'torch', 'matplotlib', 'jinja2', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_points_that_go_back_and_forth_are_dots():
    there, back = list(range(30)), [*range(0, 30, 2), *range(1, 30, 2)]
    (line,) = figures(replace(EMPTY, series=(series("cloud", there, there),)))
    (dots,) = figures(replace(EMPTY, series=(series("cloud", back, back),)))
    assert dots.svg.count("<use") >= line.svg.count("<use") + 30


def test_many_lines_of_one_kind_have_no_legend():
    few, many = ([replace(series("heat"), system=f"phone {i}") for i in range(n)] for n in (24, 25))
    (named,) = other_series(replace(EMPTY, series=tuple(few)))
    (bundle,) = other_series(replace(EMPTY, series=tuple(many)))
    assert {"phone 0", "phone 23"} <= set(tree.fromstring(named.svg).itertext()) and not named.note
    assert not [text for text in tree.fromstring(bundle.svg).itertext() if "phone" in text]
    assert bundle.note.startswith("25 lines, from phone 0 (dark) to phone 24")


def test_a_timeline_has_a_bar_from_each_beginning_to_its_end():
    lane = series("timeline of a step", x=(0.0, 1.0, 2.0, 4.0), y=(0, 0, 1, 1))
    other = replace(lane, system="other", x=(1.0, 2.0), y=(0, 0))
    made = list(timelines(replace(EMPTY, series=(lane, other))))
    assert [figure.title for figure in made] == ["Timeline of a step"]
    drawing = tree.fromstring(made[0].svg)
    shapes = [each for each in drawing.iter() if each.tag.endswith("g") and "PolyCollection" in each.get("id", "")]
    assert [len([each for each in shape.iter() if each.tag.endswith("path")]) for shape in shapes] == [2, 1]
    assert {"s", "other"} <= set(drawing.itertext())
    assert not list(other_series(replace(EMPTY, series=(lane, other))))


def test_long_names_of_layers_leave_room_and_stay_apart(recwarn):
    """As of the relays of a deep network, whose ends tell them apart."""
    layers = tuple({"name": f"{'features.' * 4}{k}.relay.synapses", "spikes": 10.0 * k} for k in range(9))
    rows = tuple(replace(row(f"ttfs T={steps}", 0.9, 1.0), layers=layers) for steps in range(8, 21))
    (figure,) = spikes_per_layer(replace(EMPTY, rows=rows))
    assert not recwarn.list
    assert all(f"{k}.relay.synapses" in figure.svg for k in range(9))
