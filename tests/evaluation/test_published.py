from attendome.data.catalogue import CELL_TYPES
from attendome.evaluation.published import published_scores
from attendome.models.registry import CHROMATIN_MODELS


def test_the_published_scores_are_of_models_here():
    table = published_scores(CELL_TYPES, "auroc").set_index("model")
    assert set(table.index) <= set(CHROMATIN_MODELS)
    assert table["mean"].is_monotonic_decreasing
    assert (table["min"] < table["median"]).all()
    assert (table["median"] < table["max"]).all()
    assert table.loc["attentive-chrome", "mean"] == 0.8115
    assert table.loc["attentive-chrome", "better"] == 49
    assert table.index[table["recalled"]].tolist() == [
        "lstm-alpha",
        "lstm-attention",
        "cnn-alpha-beta",
        "cnn-attention",
    ]


def test_other_cell_types_or_scores_have_none():
    assert published_scores(reversed(CELL_TYPES), "auroc") is not None
    assert published_scores(CELL_TYPES[1:], "auroc") is None
    assert published_scores((*CELL_TYPES, "mine"), "auroc") is None
    assert published_scores(CELL_TYPES, "pearson") is None
