import pytest

import attendome as ad
from attendome.errors import DataError, RunError, SettingsError
from attendome.workflows.searching import search_and_train

MLP = {"first_hidden": 4, "second_hidden": 3, "epochs": 1}
CHOSEN = ["H3K9me3", "H3K4me3"]


@pytest.fixture(scope="module")
def on_two(stored, tmp_path_factory):
    out = tmp_path_factory.mktemp("chosen") / "run"
    return ad.train(stored, "mlp", out, MLP, marks=CHOSEN)


def test_the_model_reads_the_marks_chosen_in_their_order(on_two, stored, simulated):
    assert list(on_two.description.marks) == list(on_two.config.marks) == CHOSEN
    assert on_two.dataset().marks == CHOSEN
    alone = on_two.predict(simulated.with_marks(CHOSEN))
    assert on_two.predict(stored)["probability"].equals(alone["probability"])


def test_the_order_makes_another_run(on_two, stored, tmp_path):
    other = ad.train(stored, "mlp", tmp_path / "run", MLP, marks=CHOSEN[::-1])
    assert other.config.fingerprint != on_two.config.fingerprint
    with pytest.raises(RunError, match="other data"):
        ad.train(stored, "mlp", other.path, MLP, marks=CHOSEN, existing="resume")


def test_a_model_of_any_marks_leaves_out_the_others(stored, tmp_path):
    settings = {"hidden": 2, "members": 1, "epochs": 1}
    run = ad.train(stored, "attentive-set", tmp_path / "run", settings, marks=CHOSEN)
    assert list(run.description.marks) == CHOSEN


def test_marks_that_are_not_there_or_twice(stored, tmp_path):
    with pytest.raises(DataError, match="it has no H3K5"):
        ad.train(stored, "mlp", tmp_path / "run", MLP, marks=["H3K4me3", "H3K5"])
    with pytest.raises(DataError, match="two entries of 'mark'"):
        ad.train(stored, "mlp", tmp_path / "run", MLP, marks=["H3K4me3", "H3K4me3"])
    assert not (tmp_path / "run").exists()


def test_the_marks_of_a_start_hold(on_two, stored, tmp_path):
    with pytest.raises(SettingsError, match="leave out either"):
        ad.train(stored, "mlp", tmp_path / "r", MLP, marks=CHOSEN[::-1], init_from=on_two.path)
    assert ad.train(stored, "mlp", tmp_path / "r", init_from=on_two.path).dataset().marks == CHOSEN


def test_a_search_is_on_the_marks_chosen(stored, tmp_path):
    run = search_and_train(stored, "logistic", tmp_path / "run", 1, marks=CHOSEN)
    assert run.dataset().marks == CHOSEN
    with pytest.raises(RunError, match="on other data"):
        search_and_train(stored, "logistic", run.path, 1, existing="resume")
