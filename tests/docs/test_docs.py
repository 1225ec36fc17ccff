"""The documentation holds: the reference is that of the code, links lead somewhere, examples are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit_iac.manifest.loading.loader import read
from datakit_iac.policy.rules import BUILT_IN
from docs import package_schema, reference
from tests.docs.codes import codes

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def examples() -> Iterator[tuple[str, str]]:
    """The manifests that pages show, each with the page and line where it begins."""
    for page in PAGES:
        text = page.read_text()
        for fence in FENCE.finditer(text):
            if fence[2] == "yaml" and "apiVersion" in fence[3]:
                yield f"{name_of(page)}:{text[: fence.start()].count(chr(10)) + 1}", fence[3]


def test_the_committed_reference_is_that_of_the_code() -> None:
    files = [*reference.FOLDER.glob("*.md"), *reference.FOLDER.glob("schemas/*.json")]
    committed = {str(file.relative_to(reference.FOLDER)): file.read_text() for file in files}
    assert committed == reference.pages(), "python -m docs.reference"


def test_the_package_schema_is_that_of_the_shapes_of_what_programs_send() -> None:
    assert package_schema.FILE.read_text() == package_schema.text(), "python -m docs.reference"


def test_every_field_of_a_manifest_is_described_and_nothing_else() -> None:
    assert reference.undescribed() == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        goal = page.parent / path if path else page
        assert goal.exists(), f"{link} in {name_of(page)}"
        assert not anchor or anchor in anchors(goal), f"{link} in {name_of(page)}"


@pytest.mark.parametrize(("place", "text"), [pytest.param(*each, id=each[0]) for each in examples()])
def test_a_manifest_that_is_shown_is_right(tmp_path: Path, place: str, text: str) -> None:
    (tmp_path / "shown.yaml").write_text(text)
    project, findings = read(tmp_path)
    assert list(map(str, findings)) == [], place
    assert list(project)


def test_every_code_of_a_finding_has_a_heading() -> None:
    headed = set(re.findall(r"^### `([a-z-]+)`$", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE))
    found, unknown = codes(ROOT / "datakit_iac")
    assert unknown == [], "write the code where it is given, so that it can be found here"
    assert found == headed


def test_every_rule_is_in_the_table_with_what_it_asks_for_and_its_arguments() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+) \| (.+) \| (.*) \|$", (ROOT / "docs/policies.md").read_text(), re.MULTILINE
    )
    rules = [
        (rule.name, ", ".join(rule.scopes), rule.summary, ", ".join(f"`{name}`" for name in rule.argument_names))
        for rule in BUILT_IN
    ]
    assert rows == rules
