"""Technologies of other packages: found, imported by their IDs, and tested by the suite that ships."""

from __future__ import annotations

import re
from pathlib import Path

from datakit_iac.sdk.technologies import Connection
from tests.docs.test_examples import execute
from tests.packages import install, python
from tests.sdk.inbox import IMPORT, POINTS, SUITE, TECHNOLOGY


def test_a_technology_of_ones_own_has_all_that_one_needs() -> None:
    inbox = execute(TECHNOLOGY)["Inbox"]()
    assert (inbox.name, inbox.capabilities.keeps_schema) == ("inbox", False)
    reached = Connection("inbox", {"path": "partners"})
    assert inbox.location(reached) == "inbox:partners"
    assert inbox.at(inbox.location(reached)) == reached


def test_an_installed_technology_of_ones_own_is_found_and_its_datasets_are_imported(tmp_path: Path) -> None:
    install(tmp_path, "acme_technology", TECHNOLOGY, POINTS)
    (tmp_path / "inbox/orders").mkdir(parents=True)
    (tmp_path / "inbox/orders/1.csv").write_text("id\n1\n")
    done = python(tmp_path, "-c", IMPORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_suite_passes_on_a_technology_of_ones_own_and_tells_what_is_wrong_with_it(tmp_path: Path) -> None:
    install(tmp_path, "acme_technology", TECHNOLOGY, POINTS)
    (tmp_path / "test_inbox.py").write_text(SUITE)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_inbox.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 18
    broken = TECHNOLOGY.replace(
        '    name = "inbox"', '    name = "inbox"\n\n    def size(self, connection):\n        return 7'
    )
    (tmp_path / "acme_technology.py").write_text(broken)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_inbox.py", cwd=tmp_path)
    assert "assert 7 == 0" in done.stdout
