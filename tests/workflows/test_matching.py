import numpy as np
import pytest

import attendome as ad
from attendome.errors import DataError
from attendome.workflows.matching import with_marks_of

ANY = "attentive-set"


@pytest.fixture(scope="module")
def of_any_marks(stored, tmp_path_factory):
    """A run of a model that takes any of its marks."""
    out = tmp_path_factory.mktemp("runs") / "any"
    return ad.train(stored, ANY, out, {"hidden": 4, "members": 1, "epochs": 1}, seed=1)


def test_marks_are_selected_in_the_order_of_the_model(simulated):
    marks = simulated.marks[2::-1]
    for model in (ANY, "mlp"):
        assert with_marks_of(simulated, marks, model).marks == marks


def test_a_model_of_any_marks_takes_those_that_are_there(simulated):
    part = simulated.with_marks(simulated.marks[:2])
    marks = ["DNase", *simulated.marks[1::-1]]
    assert with_marks_of(part, marks, ANY).marks == marks[1:]
    with pytest.raises(DataError, match="it has no DNase"):
        with_marks_of(part, marks, "mlp")


def test_none_of_the_marks_is_there(simulated):
    with pytest.raises(DataError, match="it has no DNase"):
        with_marks_of(simulated, ["DNase"], ANY)


def test_a_mark_that_a_dataset_lacks_is_as_one_that_was_not_measured(of_any_marks, stored):
    part = stored.with_marks(stored.marks[:0:-1])
    found = of_any_marks.predict(part)
    assert not found["probability"].isna().any()
    assert not np.allclose(found["probability"], of_any_marks.predict()["probability"])
    maps = of_any_marks.explain(part)
    assert maps["mark"].to_numpy().tolist() == stored.marks[1:]
    np.testing.assert_allclose(maps["beta"].sum("mark"), 1, atol=1e-5)
    np.testing.assert_allclose(maps["probability"], found["probability"], atol=1e-6)


def test_a_report_on_a_dataset_that_lacks_a_mark(of_any_marks, stored, tmp_path):
    part = ad.save_dataset(stored.with_marks(stored.marks[1:]), tmp_path / "part.zarr")
    scores = of_any_marks.evaluate(part.path)
    assert 0 <= scores.auroc.value <= 1
    assert of_any_marks.report(tmp_path / "page.html").is_file()


def test_of_several_datasets_the_one_that_is_meant_must_be_named(on_both, cell_types):
    a, b = cell_types
    message = f"trained on 2 datasets; name the one that is meant with --data, such as {a.path}"
    with pytest.raises(DataError, match=message):
        on_both.evaluate()
    for data in (a, b):
        assert on_both.dataset(data.path).marks == a.marks[:4]
