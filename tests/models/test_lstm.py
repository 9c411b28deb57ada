import numpy as np
import torch

from attendome.models.lstm import Lstm, LstmSettings

from .plain import assert_close, plain_lstm, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_equations_written_out():
    torch.manual_seed(1)
    model = spread(Lstm(3, 15, LstmSettings(bin_hidden=4)))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        states = plain_lstm(model.encoder, signal.T)
        summary = torch.cat([states[-1, :4], states[0, 4:]])  # forwards, backwards
        assert_close(output.prediction[gene], model.output(summary).squeeze(-1))
