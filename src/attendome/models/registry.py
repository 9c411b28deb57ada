"""The architectures by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from attendome.config import Settings, suggestion
from attendome.errors import SettingsError
from attendome.models import (
    attentive_chrome,
    attentive_set,
    cnn_alpha_beta,
    cnn_attention,
    deep_chrome,
    linear,
    logistic,
    lstm,
    lstm_alpha,
    lstm_attention,
    mlp,
    random_forest,
    rules,
    svm,
)
from attendome.models.features import FeatureSettings


@dataclass(frozen=True)
class Architecture:
    """One row of the model table.

    Attributes:
        task: the kind of dataset that the model reads.
        summary: what it is, in a line.
        settings: its settings.
        build: makes it from the number of marks, the number of bins and its settings.
        presets: named values of its settings and of the training settings.
        attention: which of ``alpha`` and ``beta`` it gives.
        any_marks: whether it takes NaN for the signal of marks that were not measured.
    """

    task: Literal["chromatin"]
    summary: str
    settings: type[Settings]
    build: Callable[[int, int, Any], nn.Module]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attention: tuple[Literal["alpha", "beta"], ...] = ()
    any_marks: bool = False

    @property
    def classical(self) -> bool:
        """Whether it is fitted at once by scikit-learn, not trained epoch by epoch."""
        return issubclass(self.settings, FeatureSettings)


MODELS: Mapping[str, Architecture] = {
    "attentive-chrome": Architecture(
        task="chromatin",
        summary="LSTMs with attention over bins (α) and marks (β); AttentiveChrome's LSTM-α,β",
        settings=attentive_chrome.AttentiveChromeSettings,
        build=attentive_chrome.AttentiveChrome,
        presets={"default": attentive_chrome.DEFAULT, "paper": attentive_chrome.PAPER},
        attention=("alpha", "beta"),
    ),
    "attentive-set": Architecture(
        task="chromatin",
        summary="attention over bins (α) and any subset of marks (β), in no order; of this toolkit",
        settings=attentive_set.AttentiveSetSettings,
        build=attentive_set.AttentiveSet,
        presets={"default": attentive_set.DEFAULT},
        attention=("alpha", "beta"),
        any_marks=True,
    ),
    "lstm-alpha": Architecture(
        task="chromatin",
        summary="an LSTM with attention over bins (α) per mark, linear over marks; LSTM-α",
        settings=lstm_alpha.LstmAlphaSettings,
        build=lstm_alpha.LstmAlpha,
        presets={"default": lstm_alpha.DEFAULT, "paper": lstm_alpha.PAPER},
        attention=("alpha",),
    ),
    "lstm-attention": Architecture(
        task="chromatin",
        summary="one LSTM over the bins, one attention over bins (α) for all marks; LSTM-Attn",
        settings=lstm_attention.LstmAttentionSettings,
        build=lstm_attention.LstmAttention,
        presets={"default": lstm_attention.DEFAULT, "paper": lstm_attention.PAPER},
        attention=("alpha",),
    ),
    "lstm": Architecture(
        task="chromatin",
        summary="one LSTM over the bins, linear on its last states",
        settings=lstm.LstmSettings,
        build=lstm.Lstm,
        presets={"default": lstm.DEFAULT, "paper": lstm.PAPER},
    ),
    "cnn-attention": Architecture(
        task="chromatin",
        summary="one convolution, one attention over bins (α) for all marks; CNN-Attn",
        settings=cnn_attention.CnnAttentionSettings,
        build=cnn_attention.CnnAttention,
        presets={"default": cnn_attention.DEFAULT, "paper": cnn_attention.PAPER},
        attention=("alpha",),
    ),
    "cnn-alpha-beta": Architecture(
        task="chromatin",
        summary="convolutions with attention over bins (α) and marks (β); CNN-α,β",
        settings=cnn_alpha_beta.CnnAlphaBetaSettings,
        build=cnn_alpha_beta.CnnAlphaBeta,
        presets={"default": cnn_alpha_beta.DEFAULT, "paper": cnn_alpha_beta.PAPER},
        attention=("alpha", "beta"),
    ),
    "deep-chrome": Architecture(
        task="chromatin",
        summary="convolution, max-pooling and two layers; DeepChrome",
        settings=deep_chrome.DeepChromeSettings,
        build=deep_chrome.DeepChrome,
        presets={"default": deep_chrome.DEFAULT, "paper": deep_chrome.PAPER},
    ),
    "mlp": Architecture(
        task="chromatin",
        summary="multi-layer perceptron on the signal of all bins",
        settings=mlp.MlpSettings,
        build=mlp.Mlp,
        presets={"default": mlp.DEFAULT, "paper": mlp.PAPER},
    ),
    "linear": Architecture(
        task="chromatin",
        summary="linear least squares on few features",
        settings=linear.LinearSettings,
        build=linear.Linear,
        presets={"default": linear.DEFAULT, "paper": linear.PAPER},
    ),
    "logistic": Architecture(
        task="chromatin",
        summary="logistic regression on few features; ShallowChrome",
        settings=logistic.LogisticSettings,
        build=logistic.Logistic,
        presets={"default": logistic.DEFAULT, "paper": logistic.PAPER},
    ),
    "svm": Architecture(
        task="chromatin",
        summary="support vector machine with a radial kernel",
        settings=svm.SvmSettings,
        build=svm.Svm,
        presets={"default": svm.DEFAULT, "paper": svm.PAPER},
    ),
    "random-forest": Architecture(
        task="chromatin",
        summary="random forest",
        settings=random_forest.RandomForestSettings,
        build=random_forest.RandomForest,
        presets={"default": random_forest.DEFAULT, "paper": random_forest.PAPER},
    ),
    "rules": Architecture(
        task="chromatin",
        summary="boosted rules of one condition each, readable in the report",
        settings=rules.RulesSettings,
        build=rules.Rules,
        presets={"default": rules.DEFAULT, "paper": rules.PAPER},
    ),
}


def architecture(name: str) -> Architecture:
    """Look up an architecture.

    Raises:
        SettingsError: there is none of that name (the nearest one is named).
    """
    if name not in MODELS:
        raise SettingsError(f"Unknown model '{name}': {suggestion(name, MODELS)}")
    return MODELS[name]


def models_with_attention() -> str:
    """Name the architectures that have attention, and which.

    >>> models_with_attention()[:51]
    'attentive-chrome (α and β), attentive-set (α and β)'
    """
    signs = {"alpha": "α", "beta": "β"}
    return ", ".join(
        f"{name} ({' and '.join(signs[kind] for kind in entry.attention)})"
        for name, entry in MODELS.items()
        if entry.attention
    )
