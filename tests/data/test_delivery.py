"""Files that are not what was sent: delivery notes, files in motion, parts of other types (FIL-017, -023, -024)."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from basestock.data import containers
from basestock.data.dataset import load
from tests.data.clean_export import of_code
from tests.data.rule_case import SMALL


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("file,rows\nitem.csv,2\n", None),
        ("file,rows\nitem.csv,3\n", "2"),
        ("file,rows,column,total\ninventory.csv,2,on_hand,200\n", None),
        ("file,rows,column,total\ninventory.csv,2,on_hand,201\n", "200"),
        ("file,rows\nprices.csv,3\n", "prices.csv"),
        ("file,rows\nitem.csv,many\n", "many"),
    ],
)
def test_a_file_has_what_its_manifest_says(note: str, value: str | None, tmp_path: Path) -> None:
    SMALL.write(tmp_path)
    (tmp_path / "manifest.csv").write_text(note, encoding="utf-8")
    found = of_code(load(tmp_path), "FIL-017")
    assert [row["value"] for row in found] == ([] if value is None else [value])


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SMALL.write(tmp_path)
    real = Path.read_bytes

    def growing(path: Path) -> bytes:
        data = real(path)
        if path.name == "item.csv":
            path.write_bytes(data + b"C,C,EA,1,2\n")
        return data

    monkeypatch.setattr(containers.Path, "read_bytes", growing)
    found = of_code(load(tmp_path), "FIL-023")
    assert [(row["file"], row["value"], row["action"]) for row in found] == [
        ("item.csv", "item.csv", "refuse")
    ]


@pytest.mark.parametrize(("kind", "found"), [(pl.Float64, []), (pl.String, ["qty"])])
def test_parquet_parts_have_one_schema(kind: pl.DataType, found: list[str], tmp_path: Path) -> None:
    SMALL.drop("demand_history").write(tmp_path)
    rows = {"bucket_start": [date(2026, 2, 2)], "item_id": ["A"], "qty": [20.0], "qty_kind": ["sold"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "demand_history.1.parquet")
    other = pl.DataFrame({**rows, "item_id": ["B"]}).with_columns(pl.col("qty").cast(kind))
    other.write_parquet(tmp_path / "demand_history.2.parquet")
    data = load(tmp_path)
    assert [row["value"] for row in of_code(data, "FIL-024")] == found
    assert data.tables["demand_history"].height == 2 - len(found)
