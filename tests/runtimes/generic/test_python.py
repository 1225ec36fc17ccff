"""Commands in Python: where they run, with which packages, and what they are told."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import duckdb
import pytest

from datakit_iac.runtimes.generic import virtualenv
from datakit_iac.runtimes.job import JobFailedError
from tests.runtimes.generic.conftest import Shop

LOAD = """
    import json, os
    from pathlib import Path
    from datakit_iac import stores

    source, target = json.loads(os.environ["DK_INPUT_USERS_CSV"]), json.loads(os.environ["DK_OUTPUT_USERS"])
    with stores.get(target["store"]) as database:
        database.execute(f"CREATE SCHEMA IF NOT EXISTS {target['place'].partition('.')[0]}")
        names = ", ".join(column["name"] for column in target["schema"])
        file = stores.get(source["store"]) / source["place"]
        database.execute(f"CREATE OR REPLACE TABLE {target['place']} AS SELECT {names} FROM read_csv('{file}')")
        rows = database.execute(f"SELECT count(*) FROM {target['place']}").fetchone()[0]
    print(f"run {os.environ['DK_RUN_IDENTITY']} in {Path.cwd().name}")
    print(json.dumps({"counts": {"users": rows}}))
"""
PROJECT = '[project]\nname = "load"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["greeting==1.0.0"]\n'
BACKEND = """
    import zipfile

    FILES = {
        "METADATA": "Metadata-Version: 2.1\\nName: load\\nVersion: 1\\nRequires-Dist: greeting==1.0.0\\n",
        "entry_points.txt": "[console_scripts]\\nload = load:main\\n",
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "",
    }

    def build_wheel(folder, config_settings=None, metadata_directory=None):
        name = "load-1-py3-none-any.whl"
        with zipfile.ZipFile(f"{folder}/{name}", "w") as packed:
            packed.write("load.py")
            for file, text in FILES.items():
                packed.writestr(f"load-1.dist-info/{file}", text)
        return name
"""
SCRIPT = """
    def main():
        import greeting, sys, duckdb, datakit_iac
        print(greeting.word, sys.prefix)

    if __name__ == "__main__":
        main()
"""


def wheel(folder: Path, name: str, version: str, text: str) -> Path:
    """A wheel of one module, so that no registry is asked."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(f"{name}.py", text)
        info = f"{name}-{version}.dist-info"
        packed.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    return file


@pytest.fixture
def packages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels in place of a registry."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(shop.root / "wheels"))
    (shop.root / "wheels").mkdir()
    wheel(shop.root / "wheels", "greeting", "1.0.0", "word = 'hello'")
    return shop.root / "wheels"


def test_a_command_runs_in_its_folder_and_reaches_its_stores(shop: Shop) -> None:
    (shop.root / "users.csv").write_text("id,name,other\n1,ann,x\n2,ben,y\n")
    shop.write("main.py", LOAD)
    outcome = shop.run(shop.job("python", "main.py"))
    assert outcome.counts == {"users": 2}
    assert "run 1f in load" in shop.shown
    with duckdb.connect(shop.database) as database:
        assert database.execute("FROM raw.users").fetchall() == [(1, "ann"), (2, "ben")]


@pytest.mark.parametrize("kind", ["requirements.txt", "pyproject.toml", "uv.lock", "package"])
def test_what_the_folder_asks_for_is_installed_once_and_kept(shop: Shop, packages: Path, kind: str) -> None:
    command = ["python", "load.py"]
    if kind == "requirements.txt":
        shop.write(kind, "-r more.txt\n")
        shop.write("more.txt", "greeting==1.0.0\n")
    else:
        shop.write("pyproject.toml", PROJECT)
    if kind == "uv.lock":
        tool = virtualenv.uv()
        assert tool
        subprocess.run([tool.path, "lock", "--quiet"], cwd=shop.code, check=True)
    if kind == "package":
        system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        shop.write("pyproject.toml", f"{system}{PROJECT}")
        shop.write("backend.py", BACKEND)
        command = ["load"]
    shop.write(
        "load.py", "def main():\n    import greeting, sys, duckdb, datakit_iac\n    print(greeting.word, sys.prefix)\n"
    )
    shop.write("load.py", (shop.code / "load.py").read_text() + "if __name__ == '__main__':\n    main()\n")
    before = sorted(shop.code.rglob("*"))
    shop.run(shop.job(*command))
    assert shop.shown[-1].startswith(f"hello {shop.root / 'cache' / 'python'}")
    assert f"making the Python environment of {kind.replace('package', 'pyproject.toml')}" in shop.shown
    assert sorted(shop.code.rglob("*")) == before

    shop.shown.clear()
    shop.run(shop.job(*command))
    assert len(shop.shown) == 1


def test_another_version_that_is_asked_for_is_installed(shop: Shop, packages: Path) -> None:
    wheel(packages, "greeting", "2.0.0", "word = 'salut'")
    shop.write("main.py", "import greeting\nprint(greeting.word)")
    for version, word in (("1.0.0", "hello"), ("2.0.0", "salut"), ("1.0.0", "hello")):
        shop.write("requirements.txt", f"greeting=={version}\n")
        shop.run(shop.job("python", "main.py"))
        assert shop.shown[-1] == word


def test_two_runs_at_a_time_make_one_environment(shop: Shop, packages: Path) -> None:
    shop.write("requirements.txt", "greeting==1.0.0\n")
    shop.write("main.py", "import greeting\nprint(greeting.word)")
    threads = [threading.Thread(target=shop.run, args=(shop.job("python", "main.py"),)) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert shop.shown.count("hello") == 3
    assert shop.shown.count("making the Python environment of requirements.txt") == 1


def test_an_environment_that_was_not_finished_is_made_again(shop: Shop, packages: Path) -> None:
    shop.write("requirements.txt", "greeting==1.0.0\n")
    shop.write("main.py", "import greeting\nprint(greeting.word)")
    shop.run(shop.job("python", "main.py"))
    (made,) = (shop.root / "cache" / "python").glob("*/venv")
    (made.parent / ".whole").unlink()
    next(made.rglob("greeting.py")).unlink()
    shop.run(shop.job("python", "main.py"))
    assert shop.shown[-1] == "hello"


def test_packages_that_cannot_be_had_are_named_with_the_words_of_uv(shop: Shop, packages: Path) -> None:
    shop.write("requirements.txt", "greeting==3.0.0\n")
    shop.write("main.py", "")
    with pytest.raises(JobFailedError) as failed:
        shop.run(shop.job("python", "main.py"))
    assert (
        failed.value.cause
        == f"the Python environment that {shop.code}/requirements.txt asks for could not be made by uv"
    )
    assert "greeting==3.0.0" in "\n".join(failed.value.lines)
    assert not [*(shop.root / "cache" / "python").glob("*/.whole")]


@pytest.mark.parametrize(
    ("files", "command", "said"),
    [
        ({}, [], "it has neither a `command` nor an `image` to run; say for instance command: [python, main.py]"),
        ({}, ["python", "main.py"], "there is no file main.py in {code}, which `python main.py` runs"),
        ({}, ["no-such-thing"], "there is no program no-such-thing on PATH"),
        ({}, ["./run.sh"], "there is no program ./run.sh in {code} that can be run"),
        ({"uv.lock": ""}, ["python", "-V"], "{code}/uv.lock has no pyproject.toml with a [project] beside it"),
        ({"requirements.txt": "-r more.txt"}, ["python", "-V"], "{code}/more.txt cannot be read: "),
        ({"pyproject.toml": "[project"}, ["python", "-V"], "{code}/pyproject.toml cannot be read: "),
    ],
)
def test_what_cannot_run_is_refused_before_anything_does(
    shop: Shop, files: dict[str, str], command: list[str], said: str
) -> None:
    for name, text in files.items():
        shop.write(name, text)
    (fault,) = shop.faults(shop.job(*command))
    assert fault.startswith(said.format(code=shop.code))


def test_a_folder_that_is_missing_is_refused(shop: Shop) -> None:
    assert shop.faults(shop.job("python", "-V", settings={"project": "nowhere"})) == ["there is no folder nowhere"]
    (fault,) = shop.faults(shop.job("python", "-V", settings={}))
    assert fault.startswith("its manifest is in the project's own folder")


def test_a_script_that_asks_for_nothing_has_the_packages_of_this_installation(shop: Shop) -> None:
    shop.write("pyproject.toml", "[tool.ruff]\nline-length = 120\n")
    shop.write("main.py", "import sys, duckdb\nprint(sys.prefix)")
    shop.run(shop.job("python", "main.py"))
    assert shop.shown == [sys.prefix]
