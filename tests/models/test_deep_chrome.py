import numpy as np
import pytest
import torch

from attendome.errors import SettingsError
from attendome.models.deep_chrome import PAPER, DeepChrome, DeepChromeSettings

from .plain import assert_close, plain_convolution, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_layers_written_out():
    torch.manual_seed(1)
    settings = DeepChromeSettings(filters=4, kernel=4, pool=5, first_hidden=6, second_hidden=3)
    model = spread(DeepChrome(3, 15, settings))
    first, second, last = (layer for layer in model.layers if isinstance(layer, torch.nn.Linear))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        found = plain_convolution(model.convolution[0], signal)
        assert len(found) == 12  # two pools of 5; the last two positions are left over
        pooled = [found[start : start + 5, f].max() for f in range(4) for start in (0, 5)]
        hidden = (first.weight @ torch.stack(pooled) + first.bias).clamp(min=0)
        hidden = (second.weight @ hidden + second.bias).clamp(min=0)
        assert_close(output.prediction[gene], (last.weight @ hidden + last.bias).squeeze())


def test_the_fewest_bins():
    assert DeepChrome(2, 14)(torch.zeros(3, 2, 14)).prediction.shape == (3,)
    small = DeepChromeSettings(kernel=3, pool=2)
    assert DeepChrome(2, 4, small)(torch.zeros(3, 2, 4)).prediction.shape == (3,)


@pytest.mark.parametrize("bins", [1, 8, 13])
def test_too_few_bins(bins):
    message = f"kernel = 10 and pool = 5 needs at least 14 bins; found {bins}. Choose a smaller"
    with pytest.raises(SettingsError, match=message):
        DeepChrome(5, bins)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    model = DeepChrome(3, 15, DeepChromeSettings(kernel=4))
    assert not torch.equal(model(SIGNAL).prediction, model(SIGNAL).prediction)
    model.eval()
    assert torch.equal(model(SIGNAL).prediction, model(SIGNAL).prediction)


def test_the_published_values():
    assert PAPER.items() >= {"optimiser": "sgd", "learning_rate": 1e-3, "batch_size": 1}.items()
    assert PAPER.items() >= {"epochs": 100, "dropout": 0.5, "gradient_clip_norm": None}.items()
    published = DeepChromeSettings(dropout=PAPER["dropout"], transform=PAPER["transform"])
    assert published == DeepChromeSettings()
