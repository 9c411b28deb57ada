import pandas as pd
import pytest

from attendome.errors import DataError, SettingsError
from attendome.workflows.tables import check_table, save_table

TABLE = pd.DataFrame({"gene": ["G1", "G2"], "probability": [0.25, 1e-7]})


def test_tsv(tmp_path):
    save_table(TABLE, tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == "gene\tprobability\nG1\t0.25\nG2\t1e-07\n"


def test_parquet(tmp_path):
    save_table(TABLE, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), TABLE)


@pytest.mark.parametrize("name", ["t.csv", "t", ".tsv"])
@pytest.mark.parametrize("write", [check_table, lambda path: save_table(TABLE, path)])
def test_another_ending(tmp_path, name, write):
    with pytest.raises(SettingsError, match=r"ends in \.tsv or \.parquet"):
        write(tmp_path / name)


def test_what_exists_is_replaced_only_with_force(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("mine")
    for write in (check_table, lambda path: save_table(TABLE, path)):
        with pytest.raises(DataError, match="--force"):
            write(path)
    assert path.read_text() == "mine"
    save_table(TABLE, path, force=True)
    assert path.read_text().startswith("gene")


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(DataError, match="does not exist; create it first"):
        check_table(tmp_path / "nowhere" / "t.tsv")
