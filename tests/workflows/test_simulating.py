import pytest

from attendome import open_dataset
from attendome.errors import DataError, SettingsError
from attendome.workflows.simulating import simulate, simulate_sequence


def test_the_dataset_is_stored_as_it_is_returned(tmp_path):
    data = simulate(tmp_path / "s.zarr", {"genes": 30, "bins": 10, "seed": 2})
    assert data.signal.shape == (30, 5, 10)
    assert open_dataset(tmp_path / "s.zarr").xarray.identical(data.xarray)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gene": 30}, "did you mean 'genes'"),
        ({"genes": 1}, "'genes' cannot be 1"),
        ({"split": "rando"}, "did you mean 'random'"),
        ({"marks": [{"name": "A", "efect": 1}]}, "marks.0.efect"),
    ],
)
def test_wrong_settings(tmp_path, settings, message):
    with pytest.raises(SettingsError, match=message):
        simulate(tmp_path / "s.zarr", settings)
    assert not any(tmp_path.iterdir())


def test_what_exists_is_replaced_only_with_force(simulated_store):
    with pytest.raises(DataError, match="--force"):
        simulate(simulated_store, {"genes": 30})
    simulate(simulated_store, {"genes": 30, "bins": 10}, force=True)
    assert len(open_dataset(simulated_store).genes) == 30


def test_where_the_genome_goes_is_checked_first(tmp_path):
    with pytest.raises(DataError, match="does not exist; create it first"):
        simulate_sequence(tmp_path / "s.zarr", write_genome=tmp_path / "none" / "genome")
    assert not any(tmp_path.iterdir())
