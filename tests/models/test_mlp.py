import numpy as np
import torch

from attendome.models.mlp import Mlp, MlpSettings

from .plain import assert_close, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_layers_written_out():
    torch.manual_seed(1)
    model = spread(Mlp(3, 15, MlpSettings(first_hidden=6, second_hidden=4)))
    first, second, last = (layer for layer in model.layers if isinstance(layer, torch.nn.Linear))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        values = torch.stack([signal[mark, step] for mark in range(3) for step in range(15)])
        hidden = (first.weight @ values + first.bias).clamp(min=0)
        hidden = (second.weight @ hidden + second.bias).clamp(min=0)
        assert_close(output.prediction[gene], (last.weight @ hidden + last.bias).squeeze())
