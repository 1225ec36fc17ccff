"""The layout of a picture: columns from left to right, nothing on top of anything else."""

from __future__ import annotations

import itertools
import time
from xml.etree import ElementTree

import pytest

from datakit_iac.pipeline.drawing_svg import svg
from datakit_iac.pipeline.layout import layout
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


def test_thousands_of_nodes_are_placed_in_seconds() -> None:
    jobs: Jobs = {f"t{index}": ([f"d{index}", f"s{index}"], [f"d{index + 1}"]) for index in range(2000)}
    began = time.process_time()
    svg(drawn(jobs))
    assert time.process_time() - began < 10
