"""The command that compares models."""

import pandas as pd
import pytest

# The sockets that dask's own scheduler leaves open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_compare_and_go_on(succeed, dataset, tmp_path):
    out = tmp_path / "comparison"
    command = ["compare", dataset, "--models", "linear,logistic", "--out", out]
    said = succeed(*command)
    assert "better: than linear" in said
    for name in ("table.md", "table.tex", "report.html", "bars.pdf", "results.parquet"):
        assert (out / name).is_file()
    results = pd.read_parquet(out / "results.parquet")
    for row in results.itertuples():
        assert f"{row.value:.3f}" in said
    succeed(*command, "--seeds", 1, "--workers", 1)
    assert pd.read_parquet(out / "results.parquet").equals(results)


def test_compare_models_that_read_dna(succeed, small_sequences, tmp_path):
    models, out = tmp_path / "models.yaml", tmp_path / "comparison"
    models.write_text("tower: {model: standard}\nBasenji: {model: dilated, layers: 1}\n")
    settings = ["--set", "scale=small", "--set", "epochs=1", "--workers", 1]
    command = ["compare", small_sequences, "--models", models, "--out", out]
    said = succeed(*command, *settings, "--baseline", "tower")
    results = pd.read_parquet(out / "results.parquet").set_index("model")
    difference = results["value"]["Basenji"] - results["value"]["tower"]
    assert f"{results['value']['Basenji']:.3f}" in said
    assert f"{difference:+.3f}" in said
    assert "difference: of r to tower" in said
    assert "Basenji (dilated[" in (out / "report.html").read_text()


def test_where_nothing_could_be_done(invoke, dataset, tmp_path):
    options = ["--models", "logistic", "--set", "target=expression"]
    result = invoke("compare", dataset, *options, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "Failed: logistic on simulated, seed 1: logistic predicts labels only" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "logistik"], "did you mean 'logistic'"),
        (["--models", "mlp[epoch=3]"], "did you mean 'epochs'"),
        (["--models", "mlp", "--set", "epoch=3"], "did you mean 'epochs'"),
        (["--models", "mlp", "--reach"], "is of models that read DNA"),
        (["--models", "mlp", "--baseline", "svm"], "Unknown baseline 'svm'"),
        (["--models", "mlp", "--scheduler", "nonsense"], "No dask scheduler answers at 'nonsense'"),
    ],
)
def test_wrong_requests(fail, dataset, tmp_path, options, message):
    out = tmp_path / "out"
    assert message in fail("compare", dataset, *options, "--out", out)
    assert not out.exists()


def test_workers_and_a_scheduler(invoke, dataset, tmp_path):
    options = ["--workers", 2, "--scheduler", "tcp://127.0.0.1:1"]
    result = invoke("compare", dataset, "--out", tmp_path / "out", *options)
    assert result.exit_code == 2


def test_the_help_shows_how_settings_are_given(succeed):
    assert "deep-chrome[dropout=0.3" in succeed("compare", "--help")
