"""Two marks of which each alone says nothing: only a model that joins them can learn it."""

import pytest

import attendome as ad
from attendome.data.simulation import SimulationSettings

pytestmark = pytest.mark.usefixtures("few_resamples")

REACH = {"start": -0.9, "end": 0.9, "height": 30}
SIMULATION = {
    "genes": 1500,
    "bins": 10,
    "bin_size": 1000,
    "dispersion": 0.05,
    "marks": [{"name": "H3K4me3", **REACH}, {"name": "H3K27me3", **REACH}],
    "interaction": {"marks": ["H3K4me3", "H3K27me3"], "strength": 1},
    "seed": 1,
}
TRAINING = {"learning_rate": 3e-3, "batch_size": 32, "epochs": 12}


@pytest.fixture(scope="module")
def data():
    return ad.simulate_chromatin(SimulationSettings.model_validate(SIMULATION))


def auroc(data, model, folder, **settings):
    run = ad.train(data, model, folder, TRAINING | settings, seed=1)
    return run.evaluate(data).auroc


def test_attentive_chrome_learns_the_interaction(data, tmp_path):
    found = auroc(data, "attentive-chrome", tmp_path / "run", initialisation="pytorch")
    assert found.value > 0.7


def test_lstm_alpha_which_adds_up_marks_stays_at_chance(data, tmp_path):
    assert abs(auroc(data, "lstm-alpha", tmp_path / "run").value - 0.5) < 0.1
