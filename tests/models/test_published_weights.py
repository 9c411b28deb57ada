import pickle

import numpy as np
import pytest
import torch

from attendome.errors import RunError
from attendome.models.published_weights import read_published_weights


def test_golden_parity(shared_data):
    expected = np.load(shared_data / "golden" / "attentivechrome_v2_expected.npz")
    weights = shared_data / "golden" / "attentivechrome_v2_state_dict.pt"
    model, _ = read_published_weights(weights, bins=100)
    with torch.no_grad():
        output = model(torch.tensor(expected["signal"].transpose(0, 2, 1)))
    np.testing.assert_allclose(output.prediction, expected["logit"], atol=1e-5)
    np.testing.assert_allclose(output.prediction.sigmoid(), expected["probability"], atol=1e-5)
    np.testing.assert_allclose(output.alpha, expected["alpha"], atol=1e-5)
    np.testing.assert_allclose(output.beta, expected["beta"], atol=1e-5)


def original_state(marks, hidden, mark_hidden, bidirectional):
    """A state dict with the original's names, random values and the sizes asked for."""
    directions = 2 if bidirectional else 1
    state = {}

    def lstm(prefix, module):
        state.update({f"{prefix}.rnn.{key}": value for key, value in module.state_dict().items()})
        size = module.hidden_size * directions
        state[f"{prefix}.bin_attention.bin_context_vector"] = torch.randn(size, 1)

    for mark in range(marks):
        lstm(f"rnn_hms.{mark}", torch.nn.LSTM(1, hidden, bidirectional=bidirectional))
    level = torch.nn.LSTM(hidden * directions, mark_hidden, bidirectional=bidirectional)
    lstm("hm_level_rnn_1", level)
    output = torch.nn.Linear(mark_hidden * directions, 1).state_dict()
    return state | {f"fdiff1_1.{key}": value for key, value in output.items()}


@pytest.mark.parametrize(("marks", "bidirectional"), [(1, True), (7, True), (3, False)])
def test_any_number_of_marks_and_sizes(tmp_path, marks, bidirectional):
    state = original_state(marks, hidden=6, mark_hidden=4, bidirectional=bidirectional)
    torch.save(state, tmp_path / "weights.pt")
    model, settings = read_published_weights(tmp_path / "weights.pt", bins=10)
    assert (model.marks, settings.bin_hidden, settings.mark_hidden) == (marks, 6, 4)
    assert settings.bidirectional is bidirectional
    assert torch.equal(model.output.weight, state["fdiff1_1.weight"])
    last = f"rnn_hms.{marks - 1}.bin_attention.bin_context_vector"
    assert torch.equal(model.bin_attentions[-1].context, state[last].squeeze())


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda o, path: path.write_bytes(pickle.dumps(o))])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, save):
    proof = tmp_path / "it-ran"
    save({"rnn_hms.0.rnn.weight_hh_l0": Hostile(proof)}, tmp_path / "hostile.pt")
    with pytest.raises(RunError, match="refused"):
        read_published_weights(tmp_path / "hostile.pt", bins=10)
    assert not proof.exists()


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "weights.pt"
    with pytest.raises(RunError, match="no such file"):
        read_published_weights(path, bins=10)
    for content in (b"", b"text", b"PK\x03\x04broken"):
        path.write_bytes(content)
        with pytest.raises(RunError, match="refused"):
            read_published_weights(path, bins=10)
    torch.save(torch.zeros(3), path)
    with pytest.raises(RunError, match="expected a state dict"):
        read_published_weights(path, bins=10)
    torch.save({"layer.weight": torch.zeros(3)}, path)
    with pytest.raises(RunError, match="original AttentiveChrome"):
        read_published_weights(path, bins=10)


def test_a_missing_tensor_is_refused(tmp_path):
    state = original_state(3, hidden=4, mark_hidden=4, bidirectional=True)
    del state["rnn_hms.1.rnn.bias_hh_l0"]
    torch.save(state, tmp_path / "weights.pt")
    with pytest.raises(RunError, match="do not fit"):
        read_published_weights(tmp_path / "weights.pt", bins=10)


def test_an_unknown_tensor_is_refused(tmp_path):
    state = original_state(3, hidden=4, mark_hidden=4, bidirectional=True)
    extra = {"fdiff1_2.weight": torch.zeros(3), "rnn_hms.0.gate": torch.zeros(1)}
    torch.save(state | extra, tmp_path / "weights.pt")
    message = r"do not fit \(that model has no fdiff1_2\.weight, rnn_hms\.0\.gate\)"
    with pytest.raises(RunError, match=message):
        read_published_weights(tmp_path / "weights.pt", bins=10)
