import numpy as np
import torch

from attendome.models.lstm_alpha import LstmAlpha, LstmAlphaSettings

from .plain import assert_close, plain_attention, plain_lstm, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_equations_written_out():
    torch.manual_seed(1)
    model = spread(LstmAlpha(3, 15, LstmAlphaSettings(bin_hidden=4)))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        logit = model.output.bias.squeeze()
        for mark in range(3):
            states = plain_lstm(model.bin_encoder.lstms[mark], signal[mark].unsqueeze(-1))
            summary, weights = plain_attention(states, model.bin_attentions[mark].context)
            logit = logit + model.output.weight[0, 8 * mark : 8 * mark + 8] @ summary
            assert_close(output.alpha[gene, mark], weights)
        assert_close(output.prediction[gene], logit)


@torch.no_grad()
def test_the_logit_is_a_sum_over_marks():
    """What one mark adds does not depend on another: so no interaction can be represented."""
    torch.manual_seed(1)
    model = spread(LstmAlpha(2, 15, LstmAlphaSettings(bin_hidden=4)))
    one, other = SIGNAL[0, :2], SIGNAL[1, :2]
    pairs = [torch.stack([a, b]) for a in (one[0], other[0]) for b in (one[1], other[1])]
    logits = model(torch.stack(pairs)).prediction
    assert logits.std() > 0.01
    assert_close(logits[0] - logits[1], logits[2] - logits[3])
