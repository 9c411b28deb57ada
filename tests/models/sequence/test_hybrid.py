import pytest
import torch

from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.dilated import Dilated, DilatedSettings
from attendome.models.sequence.hybrid import Hybrid, HybridSettings
from attendome.models.sequence.shape import SequenceShape

SHAPE = SequenceShape(length=2048, bin_size=16, tracks=3)
SMALL = {"scale": "small", "layers": 3}


def make(**settings):
    torch.manual_seed(0)
    return Hybrid(SHAPE, HybridSettings(**SMALL | settings)).eval()


@pytest.fixture
def sequence():
    generator = torch.Generator().manual_seed(1)
    return one_hot(torch.randint(0, 5, (2, 2048), dtype=torch.uint8, generator=generator))


def reached(model, sequence):
    """Give the bases that the prediction of the middle bin depends on."""
    inputs = sequence.clone().requires_grad_()
    model(inputs)[:, 64].sum().backward()
    return inputs.grad.abs().sum(dim=(0, 1)).nonzero().flatten()


@pytest.mark.parametrize("score", ["position", "scaled"])
def test_every_bin_reads_the_whole_region(score, sequence):
    found = reached(make(score=score), sequence)
    assert found.min() < 16
    assert found.max() >= 2048 - 16
    near = reached(Dilated(SHAPE, DilatedSettings(**SMALL)).eval(), sequence)
    assert near.min() > 512
    assert near.max() < 2048 - 512


def test_parameters_of_the_published_size():
    """Those of dilated; then queries, keys and values, f, batch norm, and what reads them."""
    with torch.device("meta"):
        hybrid, dilated = Hybrid(SequenceShape()), Dilated(SequenceShape())
    sizes = [sum(p.numel() for p in model.parameters()) for model in (hybrid, dilated)]
    heads = 4 * 128
    added = 3 * heads * 1365 + 4 * 25 + 2 * heads + heads * 1365
    assert sizes == [15_190_636 + added, 15_190_636]
    assert sizes[0] == 17_987_280
    assert hybrid.context.channels == dilated.context.channels + heads


@pytest.mark.parametrize("score", ["position", "scaled"])
def test_the_convolutions_are_those_of_dilated(score, sequence):
    """Without what the attention gives, it predicts what dilated does."""
    hybrid, dilated = make(score=score), Dilated(SHAPE, DilatedSettings(**SMALL)).eval()
    channels = dilated.context.channels
    state = hybrid.state_dict()
    kept = {name.replace("context.dilated.", "context."): v for name, v in state.items()}
    kept["last.convolution.weight"] = kept["last.convolution.weight"][:, :channels]
    dilated.load_state_dict({name: kept[name] for name in dilated.state_dict()})
    assert not torch.allclose(hybrid(sequence), dilated(sequence), atol=1e-4)
    torch.nn.init.zeros_(hybrid.context.normalisation.weight)
    torch.testing.assert_close(hybrid(sequence), dilated(sequence), atol=1e-5, rtol=1e-5)


def test_weights_of_every_head_are_given_when_asked_for(sequence):
    model = make(heads=5)
    prediction, (weights,) = model.attend(sequence)
    torch.testing.assert_close(prediction, model(sequence), atol=1e-5, rtol=1e-5)
    assert weights.shape == (2, 5, 128, 128)
    torch.testing.assert_close(weights.sum(dim=3), torch.ones(2, 5, 128))


@pytest.mark.parametrize("score", ["position", "scaled"])
def test_checkpointing_gives_the_same_gradients(score, sequence):
    found = []
    for checkpointing in (False, True):
        model = make(score=score).train()
        model.checkpointing = checkpointing
        torch.manual_seed(2)
        model(sequence).sum().backward()
        statistics = model.context.normalisation.running_var.clone()
        found.append([statistics, *(p.grad for p in model.parameters())])
    for kept, again in zip(*found, strict=True):
        torch.testing.assert_close(again, kept, atol=1e-5, rtol=1e-4)
