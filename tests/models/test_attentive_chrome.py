import numpy as np
import pytest
import torch

from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings

from .plain import plain_attention, plain_lstm

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (7, 3, 12)).astype(np.float32))


def plain_attentive_chrome(model, signal):
    """The paper's equations for one gene, mark by mark and bin by bin."""
    marks, alpha = [], []
    for number, lstm in enumerate(model.bin_encoder.lstms):
        states = plain_lstm(lstm, signal[number].unsqueeze(-1))
        summary, weights = plain_attention(states, model.bin_attentions[number].context)
        marks.append(summary)
        alpha.append(weights)
    states = plain_lstm(model.mark_encoder, torch.stack(marks))
    gene, beta = plain_attention(states, model.mark_attention.context)
    return model.output(gene).squeeze(-1), torch.stack(alpha), beta


@pytest.mark.parametrize("bidirectional", [True, False])
@torch.no_grad()
def test_equals_the_equations_written_out(bidirectional):
    torch.manual_seed(1)
    settings = AttentiveChromeSettings(bin_hidden=4, mark_hidden=3, bidirectional=bidirectional)
    model = AttentiveChrome(3, 12, settings)
    for parameter in model.parameters():
        parameter.mul_(5)  # so that the attention is far from uniform
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        logit, alpha, beta = plain_attentive_chrome(model, signal)
        torch.testing.assert_close(output.prediction[gene], logit, atol=1e-5, rtol=0)
        torch.testing.assert_close(output.alpha[gene], alpha, atol=1e-5, rtol=0)
        torch.testing.assert_close(output.beta[gene], beta, atol=1e-5, rtol=0)


def test_size_and_initialisation_are_the_published_ones():
    model = AttentiveChrome(5, 100)
    values = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    assert len(values) == 55_681
    assert values.abs().max() <= 0.1
    assert values.std() == pytest.approx(0.2 / 12**0.5, rel=0.02)


def test_no_parameter_depends_on_the_number_of_bins():
    model = AttentiveChrome(2, 10)
    assert model(torch.zeros(1, 2, 37)).alpha.shape == (1, 2, 37)


def test_marks_are_not_exchangeable():
    model = AttentiveChrome(3, 12)
    swapped = model(SIGNAL[:, [1, 0, 2]])
    assert not torch.allclose(model(SIGNAL).prediction, swapped.prediction)


def test_dropout_acts_in_training_only():
    model = AttentiveChrome(3, 12, AttentiveChromeSettings(dropout=0.5))
    assert not torch.equal(model(SIGNAL).prediction, model(SIGNAL).prediction)
    model.eval()
    assert torch.equal(model(SIGNAL).prediction, model(SIGNAL).prediction)
