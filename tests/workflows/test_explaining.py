import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

import attendome as ad
from attendome.errors import DataError, SettingsError
from attendome.interpretation import methods
from attendome.interpretation.methods import METHODS
from attendome.workflows import explaining
from attendome.workflows.explaining import explain, origin_of

OCCLUSION = {"method": "occlusion", "settings": {"width": 5}}


@pytest.fixture
def calls(monkeypatch):
    """How many genes were explained, by call; parts of 50 genes, 120 of them."""
    found = []

    def counted(method):
        def make(*arguments):
            ready = method.make(*arguments)
            return lambda genes: found.append(len(genes)) or ready(genes)

        return replace(method, make=make)

    monkeypatch.setattr(explaining, "_GENES", 50)
    monkeypatch.setattr(methods, "METHODS", {n: counted(m) for n, m in METHODS.items()})
    return found


def interrupt(done, _all):
    if done == 100:
        raise KeyboardInterrupt


@pytest.fixture
def interrupted(run, calls):
    """A run of which two of three parts are explained, and the folder of its parts."""
    with pytest.raises(KeyboardInterrupt) as raised:
        run.explain(**OCCLUSION, progress=interrupt)
    assert raised.value.__notes__ == ["The same command, given again, goes on."]
    assert not (run.path / "occlusion.zarr").exists()
    parts = run.path / ".occlusion.zarr.parts"
    assert len(list(parts.glob("*.safetensors"))) == 2
    assert calls == [50, 50]
    calls.clear()
    return run, parts


@pytest.fixture(scope="session")
def whole(trained):
    """The maps without an interruption."""
    return explain(trained.model, trained.description, trained.dataset(), "occlusion", {"width": 5})


def of(maps, name="importance"):
    return maps[name].to_numpy()


# What is given


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_every_method(trained, method):
    if method == "deeplift":
        with pytest.raises(SettingsError, match="DeepLIFT has no rule"):
            explain(trained.model, trained.description, trained.dataset(), method)
        return
    quick = {"steps": 2} if "steps" in METHODS[method].settings.model_fields else {}
    data = trained.dataset()
    part = ad.ChromatinDataset(data.xarray.isel(gene=slice(0, 20)))
    maps = explain(trained.model, trained.description, part, method, quick)
    assert of(maps).shape == (20, 5, 20)
    assert of(maps, "mark_importance").shape == (20, 5)
    assert maps["gene"].to_numpy().tolist() == part.genes.index.tolist()
    assert maps.attrs["method"] == method
    assert json.loads(maps.attrs["method_settings"]).items() >= quick.items()
    assert maps.attrs["signed"] == METHODS[method].signed
    assert ("completeness_error" in maps.attrs) == METHODS[method].complete
    for name in maps["predicted"].to_numpy():
        chosen = (of(maps, "probability") >= 0.5) == (name == "on")
        mean = of(maps)[chosen].mean(axis=0)
        np.testing.assert_allclose(maps["importance_mean"].sel(predicted=name), mean, atol=1e-6)


def test_the_prediction_is_that_of_the_run(trained, whole):
    expected = trained.predict()["probability"]
    np.testing.assert_allclose(of(whole, "probability"), expected, atol=1e-6)
    assert whole.attrs["unit"] == "log odds"


def test_the_unit_of_expression(of_expression):
    model, description, data = (
        of_expression.model,
        of_expression.description,
        of_expression.dataset().split("test"),
    )
    maps = explain(model, description, data, "gradient-x-input")
    assert maps.attrs["unit"] == "log2 expression"
    np.testing.assert_allclose(
        of(maps, "predicted_expression"), of_expression.predict(data)["predicted_expression"],
        atol=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_how_far_importance_is_from_adding_up(trained, baseline):
    data = trained.dataset().split("test")
    settings = {"steps": 100, "baseline": baseline}
    maps = explain(trained.model, trained.description, data, "integrated-gradients", settings)
    signal = torch.tensor(data.signal.to_numpy())
    nothing = signal.mean(0, keepdim=True) * (baseline == "mean")
    with torch.no_grad():
        odds, odds_without = (trained.model(x).prediction for x in (signal, nothing))
    change = (trained.description.readout.scale * (odds - odds_without)).numpy()
    error = np.abs(of(maps).sum((1, 2)) - change).mean() / np.abs(change).mean()
    assert maps.attrs["completeness_error"] == pytest.approx(error, abs=1e-3)
    assert error < 0.05


def test_marks_that_are_not_there(stored, tmp_path):
    run = ad.train(stored, "attentive-set", tmp_path / "run", {"epochs": 1}, seed=1)
    part = stored.with_marks([stored.marks[2], stored.marks[0]])
    maps = run.explain(part, "integrated-gradients", settings={"steps": 10})
    assert maps["mark"].to_numpy().tolist() == run.dataset(part).marks
    assert np.isfinite(of(maps)).all()
    assert maps.attrs["completeness_error"] < 0.05


# Wrong requests


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("occlusion", {"widht": 5}, "Unknown setting 'widht': did you mean 'width'"),
        ("occlusion", {"width": 0}, "'width' cannot be 0"),
        ("attention", {"steps": 5}, "Unknown setting 'steps'"),
        ("occlusion", {"preset": "paper"}, "Unknown preset 'paper': there is none"),
        ("class-optimisation", {"preset": "papr"}, "Unknown preset 'papr': did you mean 'paper'"),
        ("occlussion", {}, "did you mean 'occlusion'"),
        ("deeplift", {}, "integrated-gradients is near to it"),
    ],
)
def test_a_wrong_request_makes_nothing(run, method, settings, message):
    before = sorted(run.path.iterdir())
    with pytest.raises(SettingsError, match=message):
        run.explain(method=method, settings=settings)
    assert sorted(run.path.iterdir()) == before


def test_the_mean_of_one_gene_makes_nothing(run):
    before = sorted(run.path.iterdir())
    one = run.dataset().with_genes([run.dataset().genes.index[0]])
    with pytest.raises(SettingsError, match="one gene only"):
        run.explain(one, "occlusion", settings={"baseline": "mean"})
    assert sorted(run.path.iterdir()) == before


def test_the_preset_is_the_start_of_the_settings():
    chosen = explaining.method_settings(
        METHODS["class-optimisation"], {"preset": "paper", "steps": 7}
    )
    assert (chosen.scale, chosen.steps) == ("unit", 7)


# Going on


def test_what_was_interrupted_goes_on(interrupted, whole, calls):
    run, parts = interrupted
    told = []
    maps = run.explain(**OCCLUSION, progress=lambda *of_all: told.append(of_all))
    assert calls == [20]
    assert told == [(50, 120), (100, 120), (120, 120)]
    assert not parts.exists()
    stored = xr.open_zarr(run.path / "occlusion.zarr", consolidated=False)
    np.testing.assert_array_equal(of(stored), of(maps))
    np.testing.assert_allclose(of(maps), of(whole), atol=0.01 * np.abs(of(whole)).max())


def test_the_same_bits_as_without_an_interruption(interrupted, trained, tmp_path):
    run, _ = interrupted
    other = ad.open_run(shutil.copytree(trained.path, tmp_path / "other"))
    once, twice = other.explain(**OCCLUSION), run.explain(**OCCLUSION)
    assert once.identical(twice)


@pytest.mark.parametrize("damage", [b"", b"noise" * 100, None])
def test_a_damaged_part_is_made_again(interrupted, calls, damage):
    run, parts = interrupted
    first = parts / "00000.safetensors"
    first.write_bytes(first.read_bytes()[:-100] if damage is None else damage)
    run.explain(**OCCLUSION)
    assert calls == [50, 20]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b"{}"])
def test_parts_that_nothing_is_known_of_are_made_again(interrupted, calls, content):
    run, parts = interrupted
    (parts / "about.json").write_bytes(content)
    run.explain(**OCCLUSION)
    assert calls == [50, 50, 20]


def test_parts_of_other_settings_are_not_used(interrupted, calls):
    run, _ = interrupted
    maps = run.explain(method="occlusion", settings={"width": 4})
    assert calls == [50, 50, 20]
    assert json.loads(maps.attrs["method_settings"])["width"] == 4


def test_parts_of_another_method_are_not_used(interrupted, calls):
    run, _ = interrupted
    maps = run.explain(method="saliency", out=run.path / "occlusion.zarr")
    assert calls == [50, 50, 20]
    assert of(maps).min() >= 0


def test_parts_of_other_genes_are_not_used(interrupted, calls):
    run, _ = interrupted
    data = run.dataset()
    turned = ad.ChromatinDataset(data.xarray.isel(gene=slice(None, None, -1)))
    maps = run.explain(turned, **OCCLUSION)
    assert calls == [50, 50, 20]
    assert maps["gene"].to_numpy().tolist() == data.genes.index.tolist()[::-1]


def test_parts_of_other_weights_are_not_used(interrupted, calls, on_other_weights):
    run, _ = interrupted
    on_other_weights(run).explain(**OCCLUSION)
    assert calls == [50, 50, 20]


@pytest.fixture
def on_other_weights():
    """Give a function that changes the weights of a run."""
    from attendome.models.weights import save_weights

    def change(run):
        with torch.no_grad():
            next(run.model.parameters()).add_(0.1)
        save_weights(run.model, run.path)
        return ad.open_run(run.path)

    return change


def test_parts_of_another_calibration_are_not_used(interrupted, calls):
    run, _ = interrupted
    path = run.path / "model.json"
    content = json.loads(path.read_text())
    content["readout"]["offset"] = 0.7
    path.write_text(json.dumps(content))
    ad.open_run(run.path).explain(**OCCLUSION)
    assert calls == [50, 50, 20]


def test_where_maps_stand_already_parts_are_not_begun(run):
    run.explain(out=run.path / "m.zarr")
    with pytest.raises(DataError, match="--force"):
        run.explain(out=run.path / "m.zarr")
    assert not (run.path / ".m.zarr.parts").exists()


# Where maps are from


def test_maps_say_where_they_are_from(run, on_other_weights):
    data = run.dataset()
    maps = run.explain()
    assert maps.attrs.items() >= origin_of(run.path, data).items()
    part = data.split("test")
    assert origin_of(run.path, part)["data_fingerprint"] != maps.attrs["data_fingerprint"]
    on_other_weights(run)
    assert origin_of(run.path, data)["weights_sha256"] != maps.attrs["weights_sha256"]


def test_the_weights_of_a_classical_model_are_its_estimator(stored, tmp_path):
    from attendome.data import ChromatinDataset

    run = ad.train(stored, "logistic", tmp_path / "one")
    labels = stored.xarray.assign(label=1 - stored.xarray["label"])
    other = ad.train(ChromatinDataset(labels), "logistic", tmp_path / "other")
    one, two = (origin_of(r.path, run.dataset())["weights_sha256"] for r in (run, other))
    assert one != two


def test_maps_of_more_genes_are_not_replaced_unasked(run):
    data = run.dataset()
    few, other = data.split("test"), data.split("valid")
    whole = run.explain(data)
    assert run.explain(data).equals(whole)
    with pytest.raises(DataError, match="holds 120 genes, and 96 of them would be lost"):
        run.explain(few)
    with xr.open_zarr(run.path / "attention.zarr", chunks=None) as kept:
        assert kept.sizes["gene"] == 120
    run.explain(few, force=True)
    run.explain(few)
    with pytest.raises(DataError, match="would be lost"):
        run.explain(other)
    assert run.explain(data).sizes["gene"] == 120  # holds all that was there, and more
