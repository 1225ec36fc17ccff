"""What does not fit: up to five values are told, in the order of the files, and how many there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from tests.cloudquery.conftest import Read, column

AN = (column("a", "string", required=True), column("n", "integer"), column("d", "date"))


def _told(read: Read, path: Path) -> list[str]:
    with pytest.raises(PluginFault) as fault:
        read(path, *AN)
    return str(fault.value).replace(f"{path}", "…").splitlines()


def test_all_values_of_a_file_are_told_with_their_places(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,n,d\nx,one,2024-01-01\n"y\nz",2,2024-02-30\nshort\n,1,2024-01-01\n')

    assert _told(read, path) == [
        "…, line 2, column n: 'one' is not an integer; fix the value or the type the contract declares",
        "…, line 3, column d: '2024-02-30' is not a date; fix the value or the type the contract declares",
        "…, line 5: Expected Number of Columns: 3 Found: 1",
        "…, line 6, column a: no value, but the contract requires one (1 such rows in the file);"
        " fix the file, or declare the column nullable and not a key",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_of_many_the_first_five_are_told_and_how_many_there_are(read: Read, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    rows = [("x", f"n{number}" if number % 2 else str(number), "2024-01-01") for number in range(1000)]
    if suffix == ".csv":
        path.write_text("a,n,d\n" + "".join(f"{','.join(row)}\n" for row in rows))
    else:
        path.write_text("".join(json.dumps(dict(zip("and", row, strict=True))) + "\n" for row in rows))

    *told, last = _told(read, path)

    first = 3 if suffix == ".csv" else 2
    assert [each.partition(":")[0] for each in told] == [f"…, line {first + 2 * n}, column n" for n in range(5)]
    assert last == "500 values do not fit; the first 5 are listed"


def test_all_files_of_a_table_count(read: Read, tmp_path: Path) -> None:
    for number, rows in enumerate(("x,1,2024-01-01", "x,one,bad", "y,two,bad", "short", ",3,31/12/2024")):
        head = "a,n,d" if number % 2 else "a;n;d"
        (tmp_path / f"{number}.csv").write_text(f"{head}\n{rows}\n".replace(",", ";" if ";" in head else ","))

    told = _told(read, tmp_path)

    assert [each.partition(":")[0] for each in told[:-1]] == [
        *("…/1.csv, line 2, column n", "…/1.csv, line 2, column d"),
        *("…/2.csv, line 2, column n", "…/2.csv, line 2, column d"),
        "…/3.csv, line 2",
    ]
    assert told[-1] == "7 values do not fit; the first 5 are listed"


def test_very_many_are_counted(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,n,d\n" + "x,bad,2024-01-01\nshort\n" * 50_000)

    assert _told(read, path)[-1] == "100,000 values do not fit; the first 5 are listed"
