import pytest
import torch
from torch import nn

from attendome.models.sequence.dilated import Dilated, DilatedSettings
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.standard import Standard, StandardSettings
from attendome.models.sequence.trunk import TrunkSettings

from .plain_tower import plain_block, plain_dilated, plain_tower, random_sequence, unsettle

SHAPE = SequenceShape(length=256, bin_size=8, tracks=3)


def make(shape=SHAPE, **settings):
    torch.manual_seed(0)
    settings = DilatedSettings(**{"scale": "small", "layers": 2} | settings)
    return unsettle(Dilated(shape, settings))


def plain_link(states, link):
    if link == "softplus":
        return (1 + states.exp()).log()
    return torch.where(states > 0, states + 1, states.exp())


@pytest.mark.parametrize("link", ["exponential-linear", "softplus"])
def test_equals_the_plain_model(link):
    model = make(link=link).eval()
    sequence = random_sequence(2, 256)
    states = plain_dilated(plain_tower(sequence, model.tower, (1, 2, 4, 1, 1, 1)), model.context)
    states = plain_block(states, model.last).clamp(min=0)
    found = torch.einsum("bcp,tc->bpt", states, model.output.weight) + model.output.bias
    expected = plain_link(found, link)
    torch.testing.assert_close(model(sequence), expected, atol=1e-5, rtol=1e-4)


def test_crop_leaves_the_predictions_of_the_bins_within():
    sequence = random_sequence(2, 256)
    whole = make().eval()(sequence)
    cropped = make(SequenceShape(length=256, bin_size=8, tracks=3, crop=40)).eval()(sequence)
    assert cropped.shape == (2, 22, 3)
    torch.testing.assert_close(cropped, whole[:, 5:-5])


def test_gradients_reach_only_bins_that_are_left():
    shape = SequenceShape(length=256, bin_size=8, tracks=3, crop=64)
    model = Standard(shape, StandardSettings(scale="small")).eval()
    sequence = random_sequence(1, 256).requires_grad_()
    (gradient,) = torch.autograd.grad(model(sequence).sum(), sequence)
    assert (gradient[:, :, 64:-64] != 0).any()
    assert (gradient[:, :, :8] == 0).all()


def test_attend_gives_the_same_prediction():
    model = make().eval()
    sequence = random_sequence(1, 256)
    output = model.attend(sequence)
    assert torch.equal(output.prediction, model(sequence))
    assert output.attention == ()


@pytest.mark.parametrize(("length", "crop"), [(8, 0), (264, 0), (1024, 40)])
def test_other_lengths(length, crop):
    shape = SequenceShape(length=256, bin_size=8, tracks=3, crop=crop)
    model = make(shape).eval()
    assert model(random_sequence(2, length)).shape == (2, (length - 2 * crop) // 8, 3)


@pytest.mark.parametrize("length", [0, 80, 260])
def test_lengths_that_are_wrong(length):
    model = make(SequenceShape(length=256, bin_size=8, tracks=3, crop=40))
    with pytest.raises(ValueError, match=f"whole bins of 8 bp, more than 80 bp .* {length} bp"):
        model(torch.zeros(1, 4, length))


def test_a_different_seed_gives_a_different_model_and_the_same_seed_the_same_tower():
    torch.manual_seed(5)
    dilated = Dilated(SHAPE, DilatedSettings(scale="small"))
    torch.manual_seed(5)
    standard = Standard(SHAPE, StandardSettings(scale="small"))
    other = Standard(SHAPE, StandardSettings(scale="small"))
    weights = [m.tower.blocks[0].convolution.weight for m in (dilated, standard, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[1], weights[2])


@pytest.mark.parametrize("link", ["exponential-linear", "softplus"])
@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_rates_are_above_zero_and_have_gradients(link, dtype):
    model = Standard(SHAPE, StandardSettings(scale="small", link=link)).eval()
    nn.init.zeros_(model.output.weight)
    for bias in (-1e4, -90.0, -30.0, 0.0, 30.0, 1e6):
        nn.init.constant_(model.output.bias, bias)
        with torch.autocast("cpu", dtype or torch.bfloat16, enabled=dtype is not None):
            rate = model(random_sequence(1, 256))
        assert rate.dtype == torch.float32
        assert (rate > 0).all()
        assert rate.log().isfinite().all()
        (gradient,) = torch.autograd.grad((rate - rate.log()).sum(), model.output.bias)
        assert gradient.isfinite().all()
        assert bias < -80 or (gradient != 0).any() or bias == 0


def step(model, sequence, *, checkpointing, half=False):
    """Loss, gradients and buffers after one step from the same seed."""
    model.zero_grad()
    model.checkpointing = checkpointing
    buffers = {name: tensor.clone() for name, tensor in model.named_buffers()}
    torch.manual_seed(3)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = model.train()(sequence).log().square().mean()
    loss.backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    after = {name: tensor.clone() for name, tensor in model.named_buffers()}
    model.load_state_dict(buffers, strict=False)
    return loss.detach(), gradients, after


@pytest.mark.parametrize("half", [False, True])
def test_checkpointing_changes_nothing(half):
    model = make(dropout=0.3, layer_dropout=0.3)
    sequence = random_sequence(2, 256)
    plain = step(model, sequence, checkpointing=False, half=half)
    found = step(model, sequence, checkpointing=True, half=half)
    torch.testing.assert_close(found, plain, atol=0, rtol=0)
    assert plain[2]["tower.blocks.0.normalisation.num_batches_tracked"] == 1


def test_checkpointing_computes_again():
    kept = []
    model = make()
    for checkpointing in (False, True):
        model.checkpointing = checkpointing
        kept.append(0)
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: (kept.append(kept.pop() + tensor.nbytes), tensor)[1], lambda x: x
        ):
            model(random_sequence(2, 256))
    assert kept[1] < kept[0] / 4


def test_bfloat16_is_close():
    model = make(dropout=0, layer_dropout=0)
    sequence = random_sequence(2, 1024)
    whole = model.train()(sequence)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(sequence)
    assert half.dtype == torch.float32
    assert (half - whole).abs().mean() < 0.03 * whole.mean()


def test_bfloat16_learns_as_float32_does():
    losses = []
    sequence = random_sequence(4, 256)
    observed = sequence[:, 0].unflatten(1, (32, 8)).sum(2)[:, :, None].expand(-1, -1, 3)
    for enabled in (False, True):
        torch.manual_seed(0)
        model = Standard(SHAPE, StandardSettings(scale="small", dropout=0)).train()
        optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
        for _ in range(25):
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                rate = model(sequence)
            loss = nn.functional.poisson_nll_loss(rate, observed, log_input=False)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    entropy = nn.functional.poisson_nll_loss(observed, observed, log_input=False).item()
    assert losses[0] - entropy < 0.1
    assert abs(losses[1] - losses[0]) < 0.05


def test_base_class_takes_any_context():
    class Doubled(nn.Module):
        channels = 176

        def forward(self, states):
            return torch.cat([states, states], dim=1)

    model = SequenceModel(SHAPE, TrunkSettings(scale="small"), lambda channels: Doubled())  # noqa: ARG005
    assert model(random_sequence(1, 256)).shape == (1, 32, 3)
