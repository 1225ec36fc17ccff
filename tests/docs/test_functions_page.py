"""The example of the page on functions is right, and its test passes as it is."""

from __future__ import annotations

from pathlib import Path

from datakit_iac.manifest.loading.loader import load
from tests.docs.test_docs import FENCE, ROOT
from tests.packages import python
from tests.scenarios.pipeline import PLATFORM


def test_the_function_of_the_page_is_found_and_its_test_passes(tmp_path: Path) -> None:
    page = (ROOT / "docs/python-transforms.md").read_text()
    module, test = (fence[3] for fence in FENCE.finditer(page) if fence[2] == "python")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    (tmp_path / "transforms").mkdir()
    (tmp_path / "transforms/scoring.py").write_text(module)
    (tmp_path / "transforms/test_scoring.py").write_text(test)
    project = load(tmp_path)
    assert [*project.transforms] == ["score"]
    assert project.datasets["users"].description == "Everybody who has an account."
    assert [column.pii for column in project.datasets["users"].spec.columns] == [False, True]
    assert project.where(project.transforms["score"]).endswith("scoring.py:32:1")
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "transforms", cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout
