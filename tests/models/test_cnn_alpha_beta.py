import numpy as np
import torch

from attendome.models.cnn_alpha_beta import CnnAlphaBeta, CnnAlphaBetaSettings

from .plain import assert_close, plain_attention, plain_convolution, plain_lstm, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_equations_written_out():
    torch.manual_seed(1)
    settings = CnnAlphaBetaSettings(filters=4, kernel=4, mark_hidden=3)
    model = spread(CnnAlphaBeta(3, 15, settings))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        marks = []
        for mark, encoder in enumerate(model.bin_encoders):
            states = plain_convolution(encoder.convolution, signal[[mark]], padding=(1, 2))
            summary, weights = plain_attention(states, model.bin_attentions[mark].context)
            marks.append(summary)
            assert_close(output.alpha[gene, mark], weights)
        states = plain_lstm(model.mark_encoder, torch.stack(marks))
        summary, weights = plain_attention(states, model.mark_attention.context)
        assert_close(output.beta[gene], weights)
        assert_close(output.prediction[gene], model.output(summary).squeeze(-1))
