"""The layout of a picture: columns from left to right, nothing on top of anything else."""

from __future__ import annotations

import itertools
import re
import time
from xml.etree import ElementTree

import pytest

from datakit_iac.pipeline.drawing.layout import layout
from datakit_iac.pipeline.drawing.svg import svg
from tests.pipeline.test_drawing import Jobs, drawn, random_jobs


@pytest.mark.parametrize("seed", range(30))
def test_the_data_goes_from_left_to_right_and_nothing_lies_on_anything(seed: int) -> None:
    drawing = drawn(random_jobs(seed), "alone")
    placed = layout(drawing)
    assert set(placed.spots) == set(drawing.nodes)
    for edge in drawing.edges:
        way = [placed.spots[edge.start], *placed.bends[edge], placed.spots[edge.end]]
        columns = [spot.column for spot in way]
        assert columns == list(range(columns[0], columns[-1] + 1))
    taken = [*placed.spots.values(), *(spot for bends in placed.bends.values() for spot in bends)]
    for column in {spot.column for spot in taken}:
        rows = sorted(spot.row for spot in taken if spot.column == column)
        assert all(below - above > 0.999 for above, below in itertools.pairwise(rows))


def test_a_chain_is_one_row() -> None:
    jobs: Jobs = {f"t{index}": ([f"d{index}"], [f"d{index + 1}"]) for index in range(20)}
    assert {round(spot.row, 6) for spot in layout(drawn(jobs)).spots.values()} == {0.0}


def test_a_source_stands_beside_its_first_reader() -> None:
    placed = layout(drawn({"a": (["x"], ["y"]), "b": (["y", "late"], ["z"])}))
    columns = {node.name: spot.column for node, spot in placed.spots.items()}
    assert columns == {"x": 0, "a": 1, "y": 2, "late": 2, "b": 3, "z": 4}


def test_a_picture_is_xml_with_every_name_in_it() -> None:
    drawing = drawn(random_jobs(5))
    root = ElementTree.fromstring(svg(drawing))
    told = {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {node.name for node in drawing.nodes} <= told
    assert "unclassified" in told, "the legend"


_BOX = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="34" rx="\d+"/>')
_SIZE = re.compile(r'<svg [^>]*width="([\d.e+]+)" height="([\d.e+]+)"')


def chain(length: int, **more: tuple[list[str], list[str]]) -> Jobs:
    return {f"t{index:04}": ([f"d{index}"], [f"d{index + 1}"]) for index in range(length)} | more


@pytest.mark.parametrize("length", [2, 15, 50, 1000])
def test_a_long_chain_goes_on_below_so_that_the_picture_stays_one(length: int) -> None:
    picture = svg(drawn(chain(length)))
    (wide, high) = map(float, _SIZE.findall(picture)[0])
    assert wide < 5000
    assert wide / high < 13, "a row of two bands is the flattest"
    assert wide * high < 30_000 * 2 * length + 500_000, "no more paper than nodes"


@pytest.mark.parametrize("seed", range(12))
def test_no_box_lies_on_another_nor_beside_the_picture(seed: int) -> None:
    jobs = random_jobs(seed) | chain(40 * seed, far=(["d0"], ["end"]), join=([f"d{40 * seed}", "d0"], ["last"]))
    picture = svg(drawn(jobs))
    (wide, high) = map(float, _SIZE.findall(picture)[0])
    boxes = [tuple(map(float, found)) for found in _BOX.findall(picture)]
    assert len(boxes) == len(list(drawn(jobs).nodes))
    rows: dict[float, list[tuple[float, float]]] = {}
    for x, y, width in boxes:
        assert 0 < x < x + width < wide
        assert 0 < y < y + 34 < high
        rows.setdefault(x, []).append((y, y + 34))
    for spans in rows.values():
        assert all(below[0] >= above[1] for above, below in itertools.pairwise(sorted(spans)))


def test_what_leads_from_band_to_band_comes_in_at_its_row_with_its_name() -> None:
    picture = svg(drawn(chain(60)))
    left = re.findall(r'<text class="small" x="24" y="([\d.]+)">([\w-]+)</text>', picture)
    assert len(left) >= 3
    for height, name in left:
        (path,) = re.findall(rf'data-from="\w+/{name}" data-to="\S+" d="([^"]+)"', picture)
        _, leaves, comes_in = re.split("(?=M)", path)
        assert "H" in leaves
        assert float(comes_in.partition(" ")[2].partition("H")[0]) == float(height) + 5


def test_an_edge_over_many_bands_shows_its_ends_and_says_which_it_is() -> None:
    picture = svg(drawn(chain(100, zz=(["d0", "d100"], ["last"]))))
    (path, title) = re.findall(r'data-from="dataset/d0" data-to="transform/zz" d="([^"]+)"><title>([^<]+)', picture)[0]
    assert (path.count("M"), title) == (2, "d0 → zz")
    assert picture.count(">d0</text>") == 1, "it takes no room at the margin"


def test_thousands_of_nodes_are_placed_in_seconds() -> None:
    jobs: Jobs = {f"t{index}": ([f"d{index}", f"s{index}"], [f"d{index + 1}"]) for index in range(2000)}
    began = time.process_time()
    svg(drawn(jobs))
    assert time.process_time() - began < 10
