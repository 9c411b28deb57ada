import pytest
import xarray as xr

import attendome as ad
from attendome.errors import AttendomeError, DataError
from attendome.workflows import demo
from attendome.workflows.demo import run_demo


@pytest.fixture
def smaller(monkeypatch, tiny):
    monkeypatch.setattr(demo, "SIMULATION", {"genes": 60, "bins": 20, "seed": 1})
    monkeypatch.setattr(demo, "TRAINING", tiny)


@pytest.mark.usefixtures("smaller")
def test_the_whole_way(tmp_path):
    out = tmp_path / "demo"
    made = run_demo(out)
    assert made.report == out / "run" / "report.html"
    assert made.report.is_file()
    run = ad.open_run(out / "run")
    assert run.last_scores().items() >= made.scores.to_dict().items()
    assert (made.scores.split, made.scores.n) == ("test", 12)
    truth = ad.open_dataset(out / "simulated.zarr").xarray
    found = {row.mark: row.effect for row in made.recovery.marks}
    assert found == {str(m): truth["effect"].sel(mark=m).item() for m in truth["mark"].to_numpy()}
    assert 0 <= made.recovery.cell_auroc <= 1
    for name in ("attention", "occlusion"):
        assert xr.open_zarr(out / "run" / f"{name}.zarr").sizes["gene"] == 12
    with pytest.raises(DataError, match="--force"):
        run_demo(out)
    assert run_demo(out, force=True) == made


def test_more_than_a_demo_is_not_replaced(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="holds more than a demo"):
        run_demo(tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "thesis.txt"}


@pytest.mark.parametrize("name", ["run", "simulated.zarr"])
def test_what_is_not_of_a_demo_is_not_replaced(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").touch()
    with pytest.raises(AttendomeError, match=f"{name}: not replaced"):
        run_demo(tmp_path, force=True)
    assert (tmp_path / name / "thesis.txt").exists()


def test_the_default_is_large_enough_to_learn_from():
    assert demo.SIMULATION["genes"] >= 1000
