"""What every classical model must do."""

import numpy as np
import pytest
import skops.io
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from attendome.config import validate
from attendome.errors import RunError, SettingsError
from attendome.models.classical import ESTIMATOR, load_estimator, save_estimator, to_log_odds
from attendome.models.descriptions import ChromatinDescription, save_description
from attendome.models.logistic import Logistic, LogisticSettings
from attendome.models.readout import Readout
from attendome.models.registry import CHROMATIN_MODELS
from attendome.models.weights import load_model, save_weights
from attendome.training.settings import FitSettings

NAMES = [name for name, entry in CHROMATIN_MODELS.items() if entry.classical]
OF_EXPRESSION = [name for name in NAMES if name != "logistic"]


@pytest.fixture(scope="module")
def genes():
    """Genes that are on where the third bin of the first mark outweighs that of the second."""
    generator = torch.Generator().manual_seed(3)
    signal = torch.poisson(torch.full((300, 2, 6), 4.0), generator=generator)
    label = (signal[:, 0, 2] > signal[:, 1, 2]).float()
    return signal, label


def fitted(name, genes, preset="default", **settings):
    entry = CHROMATIN_MODELS[name]
    settings |= {"trees": 50} if name == "random-forest" else {}
    model = entry.build(2, 6, entry.settings(**entry.presets[preset] | settings))
    signal, label = genes
    model.fit(signal[:200], label[:200], seed=1)
    return model


@pytest.fixture(scope="module")
def expressed(genes):
    """The same genes, with the expression that makes them on or off, standardised."""
    signal, _ = genes
    expression = torch.log1p(signal[:, 0, 2]) - torch.log1p(signal[:, 1, 2])
    return signal, (expression - expression.mean()) / expression.std()


def fitted_to_expression(name, expressed, preset="default", **settings):
    entry = CHROMATIN_MODELS[name]
    settings |= {"trees": 50} if name == "random-forest" else {}
    model = entry.build(2, 6, entry.settings(**entry.presets[preset] | settings))
    signal, expression = expressed
    model.fit(signal[:200], expression[:200], "expression", seed=1)
    return model


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_finds_what_drives_the_label_in_genes_it_has_not_seen(name, preset, genes):
    model = fitted(name, genes, preset, pool=1)
    signal, label = (part[200:] for part in genes)
    assert roc_auc_score(label, model(signal).prediction) > 0.85


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("name", OF_EXPRESSION)
def test_finds_what_drives_expression_in_genes_it_has_not_seen(name, preset, expressed):
    model = fitted_to_expression(name, expressed, preset, pool=1)
    signal, expression = (part[200:] for part in expressed)
    assert np.corrcoef(expression, model(signal).prediction)[0, 1] > 0.75


def test_logistic_is_of_labels_only(expressed):
    with pytest.raises(SettingsError, match=r"labels only; .* is linear"):
        fitted_to_expression("logistic", expressed)


def saved_and_loaded(name, model, folder):
    description = ChromatinDescription(
        model=name,
        settings=model.settings.model_dump(),
        marks=("A", "B"),
        bins=6,
        bin_size=100,
        oriented=True,
        readout=Readout(target=model.target),
    )
    save_weights(model, folder)
    save_estimator(model, folder)
    save_description(description, folder)
    return load_model(folder)[0]


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded_it_gives_the_same(name, genes, tmp_path):
    model = fitted(name, genes, "paper")
    again = saved_and_loaded(name, model, tmp_path)
    assert torch.equal(again(genes[0]).prediction, model(genes[0]).prediction)


@pytest.mark.parametrize("name", OF_EXPRESSION)
def test_saved_and_loaded_it_gives_the_same_expression(name, expressed, tmp_path):
    model = fitted_to_expression(name, expressed, "paper")
    again = saved_and_loaded(name, model, tmp_path)
    assert again.target == "expression"
    assert torch.equal(again(expressed[0]).prediction, model(expressed[0]).prediction)
    assert again.terms("AB", 100) == model.terms("AB", 100)


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_presets_are_of_valid_settings(name, preset):
    values, own = CHROMATIN_MODELS[name].presets[preset], CHROMATIN_MODELS[name].settings
    assert validate(own, values).model_dump().items() >= values.items()


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_explained_and_is_of_one_group(name):
    fields = CHROMATIN_MODELS[name].settings.model_fields
    assert [key for key, field in fields.items() if not field.description] == []
    assert not set(fields) & set(FitSettings.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name, genes):
    first, second = (fitted(name, genes) for _ in range(2))
    assert torch.equal(first(genes[0]).prediction, second(genes[0]).prediction)


@pytest.mark.parametrize("name", NAMES)
def test_genes_of_a_batch_do_not_mix(name, genes):
    model = fitted(name, genes)
    one_by_one = torch.cat([model(gene[None]).prediction for gene in genes[0][:5]])
    torch.testing.assert_close(model(genes[0][:5]).prediction, one_by_one)


def test_logistic_equals_the_formula(genes):
    model = fitted("logistic", genes, pool=1, c=1.0)
    table = torch.log1p(genes[0]).flatten(1).double().numpy()
    scaled = (table - table[:200].mean(axis=0)) / table[:200].std(axis=0)
    plain = LogisticRegression(C=1.0, max_iter=5000).fit(scaled[:200], genes[1][:200])
    expected = np.clip(scaled @ plain.coef_[0] + plain.intercept_[0], -13.8155, 13.8155)
    np.testing.assert_allclose(model(genes[0]).prediction, expected, rtol=1e-4, atol=1e-4)


def test_linear_equals_least_squares(genes):
    model = fitted("linear", genes, pool=1, penalty=0.0)
    table = np.column_stack([torch.log1p(genes[0]).flatten(1).double(), np.ones(300)])
    weights = np.linalg.lstsq(table[:200], genes[1][:200].numpy(), rcond=None)[0]
    probability = np.clip(table @ weights, 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(model(genes[0]).prediction.sigmoid(), probability, atol=1e-4)


def test_linear_of_expression_equals_least_squares(expressed):
    model = fitted_to_expression("linear", expressed, pool=1, penalty=0.0)
    table = np.column_stack([torch.log1p(expressed[0]).flatten(1).double(), np.ones(300)])
    weights = np.linalg.lstsq(table[:200], expressed[1][:200].numpy(), rcond=None)[0]
    np.testing.assert_allclose(model(expressed[0]).prediction, table @ weights, atol=1e-4)


def test_log_odds_of_certainty_are_finite():
    assert np.isfinite(to_log_odds(np.array([0.0, 1.0]))).all()
    assert to_log_odds(np.array([0.5])).tolist() == [0]


def test_the_terms_of_rules_are_the_model(genes):
    """The weighted vote of the rules as listed ranks genes as the model does."""
    model = fitted("rules", genes, pool=1, rules=8)
    names = model.features.names(["A", "B"], 100)
    table, vote = model.features(genes[0]).numpy(), np.zeros(300)
    terms = model.terms(["A", "B"], 100)
    for text, weight in terms:
        name, _, limit = text.removeprefix("log1p of ").partition(" above ")
        vote += weight * np.where(table[:, names.index(name)] > float(limit), 1, -1)
    found = model(genes[0]).prediction.numpy()
    assert np.corrcoef(np.argsort(np.argsort(vote)), np.argsort(np.argsort(found)))[0, 1] > 0.99
    weights = [abs(weight) for _, weight in terms]
    assert weights == sorted(weights, reverse=True)


def test_the_terms_of_rules_of_expression_are_the_model(expressed):
    """The rules as listed add up to the prediction, but for a constant."""
    model = fitted_to_expression("rules", expressed, pool=1, rules=8)
    names = model.features.names(["A", "B"], 100)
    table, total = model.features(expressed[0]).numpy(), np.zeros(300)
    for text, weight in model.terms(["A", "B"], 100):
        name, _, limit = text.removeprefix("log1p of ").partition(" above ")
        total += weight * np.where(table[:, names.index(name)] > float(limit), 1, -1)
    rest = model(expressed[0]).prediction.numpy() - total
    np.testing.assert_allclose(rest, rest.mean(), atol=1e-5)


@pytest.mark.parametrize("name", ["linear", "logistic"])
def test_the_weightiest_terms_are_what_drives_the_label(name, genes):
    terms = fitted(name, genes, pool=1).terms(["A", "B"], 100)
    assert {text for text, _ in terms[:2]} == {"A [-100, +0)", "B [-100, +0)"}
    assert dict(terms)["A [-100, +0)"] > 0 > dict(terms)["B [-100, +0)"]


@pytest.mark.parametrize("name", ["svm", "random-forest"])
def test_others_are_no_sum_of_terms(name, genes):
    assert fitted(name, genes).terms(["A", "B"], 100) == []


def test_best_bins_follow_the_expression_given(genes):
    signal, label = genes
    model = Logistic(2, 6, LogisticSettings(features="best-bin"))
    model.fit(signal, label, expression=signal[:, 0, 5] + signal[:, 1, 0])
    assert model.features.best_bin.tolist() == [5, 0]


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_a_file_with_foreign_types_is_refused(genes, tmp_path, capsys):
    model = fitted("logistic", genes)
    skops.io.dump({"estimator": Harmful()}, tmp_path / ESTIMATOR)
    with pytest.raises(RunError, match="not an estimator of ours"):
        load_estimator(model, "label", tmp_path)
    assert capsys.readouterr().out == ""


def test_another_estimator_is_refused(genes, tmp_path):
    save_estimator(fitted("rules", genes), tmp_path)
    with pytest.raises(RunError, match="expected Pipeline, found AdaBoost"):
        load_estimator(fitted("logistic", genes), "label", tmp_path)


def test_an_estimator_of_another_target_is_refused(genes, tmp_path):
    save_estimator(fitted("random-forest", genes), tmp_path)
    with pytest.raises(RunError, match="expected RandomForestRegressor, found RandomForestCl"):
        load_estimator(fitted("random-forest", genes), "expression", tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_a_missing_or_damaged_file_is_refused(content, genes, tmp_path):
    if content is not None:
        (tmp_path / ESTIMATOR).write_bytes(content)
    with pytest.raises(RunError, match=ESTIMATOR):
        load_estimator(fitted("linear", genes), "label", tmp_path)
