"""Commands that write what other programs read."""

import numpy as np
import pytest

import attendome as ad
from attendome.data.store import save_dataset


def test_export(succeed, fail, dataset, tmp_path):
    out = tmp_path / "csv"
    said = succeed("export", "attentivechrome", dataset, out)
    assert said.splitlines()[0] == f"Wrote {out}: 120 genes × 5 marks × 20 bins."
    assert said.splitlines()[1].endswith(": H3K4me3, H3K4me1, H3K36me3, H3K27me3, H3K9me3.")
    assert (out / "train.csv").is_file()
    assert "--force" in fail("export", "attentivechrome", dataset, out)
    succeed("export", "attentivechrome", dataset, out, "--force")


@pytest.mark.parametrize("oriented", [True, False])
def test_the_order_of_the_bins_is_said(succeed, simulated, tmp_path, oriented):
    content = simulated.xarray.assign_attrs(oriented=oriented)
    path = save_dataset(ad.ChromatinDataset(content), tmp_path / "d.zarr").path
    said = succeed("export", "attentivechrome", path, tmp_path / "csv")
    order = "5'→3'" if oriented else "in genome order"
    assert said.endswith(f"The bins run {order}, as stored.\n")
    first = (tmp_path / "csv" / "test.csv").read_text().splitlines()[0].split(",")
    values = simulated.split("test").signal.to_numpy()[0, :, 0]
    np.testing.assert_array_equal(np.array(first[2:-1], np.float32), values)


def test_no_labels(fail, simulated, tmp_path):
    data = ad.ChromatinDataset(simulated.xarray.drop_vars("label"))
    path = save_dataset(data, tmp_path / "d.zarr").path
    assert "no labels" in fail("export", "attentivechrome", path, tmp_path / "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]
