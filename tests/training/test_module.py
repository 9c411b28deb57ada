import copy

import pytest
import torch
from torch.nn import functional

from attendome.models.mlp import Mlp, MlpSettings
from attendome.training import fit as loop
from attendome.training.batches import Genes
from attendome.training.module import ChromatinTraining
from attendome.training.settings import TrainingSettings


def fit(model, train, valid, settings, folder):
    loop.fit(ChromatinTraining(model, settings, train, valid), folder)


@pytest.fixture
def genes(simulated):
    part = simulated.split("train")
    return Genes(torch.tensor(part.signal.to_numpy()), torch.tensor(part.labels()).float())


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Mlp(5, 20, MlpSettings(first_hidden=8, second_hidden=4))


def one_step(model, genes, folder, **settings):
    """Train on all genes at once; give how far each parameter went, and its gradient."""
    trained = copy.deepcopy(model)
    training = TrainingSettings(epochs=1, batch_size=len(genes), accelerator="cpu", **settings)
    fit(trained, genes, genes, training, folder)
    logit = model(genes.signal).prediction
    functional.binary_cross_entropy_with_logits(logit, genes.target).backward()
    pairs = zip(trained.parameters(), model.parameters(), strict=True)
    moved = torch.cat([(after - before).detach().flatten() for after, before in pairs])
    return moved, torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def test_sgd_follows_the_whole_gradient_where_nothing_is_clipped(model, genes, tmp_path):
    settings = {"optimiser": "sgd", "learning_rate": 0.5, "gradient_clip_norm": None}
    moved, gradient = one_step(model, genes, tmp_path, **settings)
    torch.testing.assert_close(moved, -0.5 * gradient, atol=1e-6, rtol=1e-4)


def test_sgd_with_a_norm_that_is_clipped(model, genes, tmp_path):
    settings = {"optimiser": "sgd", "learning_rate": 1.0, "gradient_clip_norm": 1e-2}
    moved, gradient = one_step(model, genes, tmp_path, **settings)
    assert gradient.norm() > 1e-2
    torch.testing.assert_close(moved, -1e-2 * gradient / gradient.norm(), atol=1e-6, rtol=1e-3)


def test_sgd_with_elements_that_are_clipped(model, genes, tmp_path):
    limits = {"gradient_clip_norm": None, "gradient_clip_value": 1e-2}
    moved, gradient = one_step(model, genes, tmp_path, optimiser="sgd", learning_rate=1.0, **limits)
    assert gradient.abs().max() > 1e-2
    torch.testing.assert_close(moved, -gradient.clamp(-1e-2, 1e-2), atol=1e-6, rtol=1e-3)


def test_weight_decay_pulls_weights_to_zero(model, genes, tmp_path):
    settings = {"optimiser": "sgd", "learning_rate": 0.1, "gradient_clip_norm": None}
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    decayed, gradient = one_step(model, genes, tmp_path, **settings, weight_decay=0.2)
    torch.testing.assert_close(decayed, -0.1 * (gradient + 0.2 * weights), atol=1e-6, rtol=1e-3)


def test_adam_is_the_default(model, genes):
    training = ChromatinTraining(model, TrainingSettings(weight_decay=0.1), genes, genes)
    optimiser = training.configure_optimizers()
    assert isinstance(optimiser, torch.optim.AdamW)
    assert optimiser.defaults["weight_decay"] == 0.1
