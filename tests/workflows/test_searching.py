import pandas as pd
import pytest

from attendome.errors import RunError, SettingsError
from attendome.workflows import searching
from attendome.workflows.searching import search_and_train

LINEAR = {"features": "pool", "transform": "log1p"}


def trials(run):
    return pd.read_csv(run.path / "search" / "trials.csv")


@pytest.fixture(scope="module")
def searched(stored, tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "run"
    return search_and_train(stored, "logistic", out, 4, {"seed": 3})


def test_the_best_of_the_trials_is_trained(searched):
    table = trials(searched)
    assert len(table) == 4
    assert table["value"].nunique() > 1
    best = table.loc[table["value"].idxmax()]
    assert searched.training_summary()["valid_auroc"] == pytest.approx(best["value"])
    for name in ("c", "pool", "features", "transform"):
        assert searched.config.settings[name] == best[f"params_{name}"]
    assert searched.config.settings["seed"] == 3


def test_settings_that_are_given_are_kept(stored, tmp_path):
    run = search_and_train(stored, "logistic", tmp_path / "run", 2, {"c": 0.5, **LINEAR})
    assert [name for name in trials(run) if name.startswith("params_")] == ["params_pool"]
    assert run.config.settings["c"] == 0.5


def test_the_test_split_has_no_part_in_it(stored, change, searched, tmp_path):
    test = (stored.genes["split"] == "test").to_numpy()
    labels = stored.labels().copy()
    labels[test] = 1 - labels[test]
    again = search_and_train(change(label=labels), "logistic", tmp_path / "run", 4, {"seed": 3})
    pd.testing.assert_series_equal(trials(again)["value"], trials(searched)["value"])


def test_an_interrupted_search_goes_on_to_the_same_result(stored, searched, tmp_path, monkeypatch):
    plain, calls = searching.train_chromatin, []

    def interrupted(*given, **options):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(*given, **options)

    out = tmp_path / "run"
    monkeypatch.setattr(searching, "train_chromatin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_and_train(stored, "logistic", out, 4, {"seed": 3})
    run = search_and_train(stored, "logistic", out, 4, {"seed": 3}, existing="resume")
    assert len(calls) == 3 + 2 + 1  # two trials were kept, two went on, and the training
    complete = trials(run).query("state == 'COMPLETE'")
    assert complete["value"].tolist() == trials(searched)["value"].tolist()
    assert run.config.settings == searched.config.settings


def test_a_trial_that_fails_counts_and_is_passed_over(stored, tmp_path, monkeypatch):
    plain, calls = searching.train_chromatin, []

    def failing(*given, **options):
        calls.append(given)
        if len(calls) == 1:
            raise RunError("the loss is no longer finite")
        return plain(*given, **options)

    monkeypatch.setattr(searching, "train_chromatin", failing)
    run = search_and_train(stored, "logistic", tmp_path / "run", 3)
    assert trials(run)["state"].tolist() == ["FAIL", "COMPLETE", "COMPLETE"]


def test_where_all_trials_fail(stored, tmp_path, monkeypatch):
    def failing(*_given, **_options):
        raise RunError("the loss is no longer finite")

    monkeypatch.setattr(searching, "train_chromatin", failing)
    with pytest.raises(RunError, match="none of the 2 trials ended with a score"):
        search_and_train(stored, "logistic", tmp_path / "run", 2)


def test_nothing_left_to_search(stored, tmp_path):
    given = LINEAR | {"c": 1, "pool": 5}
    with pytest.raises(SettingsError, match="All settings of logistic that could be searched"):
        search_and_train(stored, "logistic", tmp_path / "run", 2, given)
    assert not (tmp_path / "run").exists()


def test_a_search_for_something_else_is_not_gone_on_with(stored, searched):
    with pytest.raises(RunError, match="exists already"):
        search_and_train(stored, "logistic", searched.path, 4, {"seed": 3})
    with pytest.raises(RunError, match="a search on other data, or of another model"):
        search_and_train(stored, "linear", searched.path, 4, {"seed": 3}, existing="resume")


def test_another_number_of_trials_is_refused_once_the_run_is_made(stored, searched):
    with pytest.raises(RunError, match="the search for its settings was of 4 trials"):
        search_and_train(stored, "logistic", searched.path, 5, {"seed": 3}, existing="resume")


def test_what_a_named_preset_sets_is_given(stored, tmp_path):
    run = search_and_train(stored, "logistic", tmp_path / "run", 2, {"preset": "paper"})
    assert run.config.settings["features"] == "best-bin"
    searched = {name for name in trials(run) if name.startswith("params_")}
    assert searched == {"params_c", "params_pool"}


def test_a_damaged_journal_is_said(stored, tmp_path):
    (tmp_path / "run" / "search").mkdir(parents=True)
    (tmp_path / "run" / "search" / "journal.log").write_text("nonsense\n")
    with pytest.raises(RunError, match=r"journal.log: damaged"):
        search_and_train(stored, "logistic", tmp_path / "run", 2)


def test_force_begins_again(stored, tmp_path):
    out = tmp_path / "run"
    search_and_train(stored, "linear", out, 2)
    run = search_and_train(stored, "logistic", out, 1, existing="replace")
    assert len(trials(run)) == 1
