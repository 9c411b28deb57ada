import numpy as np
import pytest

import attendome as ad
from attendome.data.store import save_dataset
from attendome.errors import DataError
from attendome.workflows.exporting import export_attentivechrome

NAMES = ["test.csv", "train.csv", "valid.csv"]


@pytest.mark.parametrize("cell", ["E123", "toy"])
def test_the_published_files_come_back_byte_by_byte(shared_data, tmp_path, cell):
    folder = shared_data / "chromatin" / cell
    ad.import_attentivechrome(folder, tmp_path / "d.zarr")
    export_attentivechrome(tmp_path / "d.zarr", tmp_path / "csv")
    assert sorted(path.name for path in (tmp_path / "csv").iterdir()) == NAMES
    for name in NAMES:
        assert (tmp_path / "csv" / name).read_bytes() == (folder / name).read_bytes()


def test_export_and_import_give_the_same_dataset(simulated, tmp_path):
    export_attentivechrome(simulated, tmp_path / "csv")
    found = ad.import_attentivechrome(tmp_path / "csv", tmp_path / "d.zarr", marks=simulated.marks)
    order = simulated.genes.index
    np.testing.assert_array_equal(found.signal.sel(gene=order), simulated.signal)
    columns = ["split", "label"]
    assert found.genes.loc[order, columns].equals(simulated.genes[columns])
    for split in ("train", "valid", "test"):
        ours, theirs = found.split(split).genes, simulated.split(split).genes
        assert ours.index.tolist() == theirs.index.tolist()


def test_the_dataset_is_given_back(stored, tmp_path):
    assert export_attentivechrome(stored.path, tmp_path / "csv").path == stored.path


def test_without_labels(simulated, tmp_path):
    data = ad.ChromatinDataset(simulated.xarray.drop_vars("label"))
    with pytest.raises(DataError, match="no labels"):
        export_attentivechrome(data, tmp_path / "csv")
    assert not any(tmp_path.iterdir())


def test_without_a_split(simulated, tmp_path):
    kept = simulated.genes["split"].to_numpy() != "valid"
    data = ad.ChromatinDataset(simulated.xarray.isel(gene=kept))
    with pytest.raises(DataError, match="no gene is in the split 'valid'"):
        export_attentivechrome(data, tmp_path / "csv")
    assert not any(tmp_path.iterdir())


def test_signal_that_is_not_known(simulated, tmp_path):
    path = save_dataset(simulated, tmp_path / "d.zarr").path
    signal = simulated.xarray["signal"].copy()
    signal[3, 1, 2] = np.nan
    signal.to_dataset().drop_vars(list(signal.coords)).to_zarr(path, mode="r+", consolidated=False)
    with pytest.raises(DataError, match="not finite"):
        export_attentivechrome(path, tmp_path / "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]


def test_values_that_are_missing(simulated, tmp_path):
    signal = simulated.xarray["signal"].copy()
    signal[3, :, 2] = signal[5, 1, 0] = np.nan
    built = {"build": {"settings": {"missing": "nan"}}}
    data = ad.ChromatinDataset(simulated.xarray.assign(signal=signal).assign_attrs(built))
    with pytest.raises(DataError, match=r"2 of 120 genes have missing values.*zero or drop"):
        export_attentivechrome(data, tmp_path / "csv")
    assert not any(tmp_path.iterdir())


def test_an_existing_folder(simulated, tmp_path):
    out = tmp_path / "csv"
    export_attentivechrome(simulated, out)
    with pytest.raises(DataError, match="--force"):
        export_attentivechrome(simulated, out)
    (out / "test.csv").unlink()
    export_attentivechrome(simulated, out, force=True)
    assert sorted(path.name for path in out.iterdir()) == NAMES
    (out / "thesis.txt").touch()
    with pytest.raises(DataError, match="not an export"):
        export_attentivechrome(simulated, out, force=True)
    assert (out / "thesis.txt").exists()
    with pytest.raises(DataError, match="not an export"):
        export_attentivechrome(simulated, out / "thesis.txt", force=True)
