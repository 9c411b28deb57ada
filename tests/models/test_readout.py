import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from attendome.models.readout import Readout

X = torch.tensor([-2.0, 0.0, 0.5, 3.0])


def test_by_default_the_prediction_is_log_odds():
    torch.testing.assert_close(Readout()(X), torch.sigmoid(X))
    assert Readout().column == "probability"


def test_a_probability_is_that_of_scaled_log_odds():
    expected = 1 / (1 + np.exp(-(2.0 * X.numpy() - 0.5)))
    np.testing.assert_allclose(Readout(scale=2.0, offset=-0.5)(X), expected, rtol=1e-6)


def test_expression_is_put_back_on_its_scale():
    readout = Readout(target="expression", scale=1.5, offset=4.0)
    assert readout(X).tolist() == [1.0, 4.0, 4.75, 8.5]
    assert readout.column == "predicted_expression"


@given(scale=st.floats(0.2, 5), offset=st.floats(-5, 5))
def test_uncalibrated_is_the_inverse(scale, offset):
    readout = Readout(scale=scale, offset=offset)
    before = X.double().sigmoid().numpy()
    np.testing.assert_allclose(readout.uncalibrated(readout(X.double()).numpy()), before, rtol=1e-6)


def test_uncalibrated_certainty_stays_certain():
    certain = np.array([0.0, 1.0], np.float32)
    assert Readout(scale=0.5, offset=1.0).uncalibrated(certain).tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [{"scale": 0}, {"scale": -1}, {"target": "labels"}])
def test_wrong_values(wrong):
    with pytest.raises(ValidationError):
        Readout(**wrong)
