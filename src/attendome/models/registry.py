"""The architectures by name."""

from collections.abc import Mapping

from attendome.config import suggestion
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
from attendome.models.architectures import (
    Architecture,
    ChromatinArchitecture,
    SequenceArchitecture,
)
from attendome.models.sequence.registry import SEQUENCE_MODELS

CHROMATIN_MODELS: Mapping[str, ChromatinArchitecture] = {
    "attentive-chrome": ChromatinArchitecture(
        summary="LSTMs with attention over bins (α) and marks (β); AttentiveChrome's LSTM-α,β",
        settings=attentive_chrome.AttentiveChromeSettings,
        build=attentive_chrome.AttentiveChrome,
        presets={"default": attentive_chrome.DEFAULT, "paper": attentive_chrome.PAPER},
        attention=("alpha", "beta"),
    ),
    "attentive-set": ChromatinArchitecture(
        summary="attention over bins (α) and any subset of marks (β), in no order; of this toolkit",
        settings=attentive_set.AttentiveSetSettings,
        build=attentive_set.AttentiveSet,
        presets={"default": attentive_set.DEFAULT},
        attention=("alpha", "beta"),
        any_marks=True,
    ),
    "lstm-alpha": ChromatinArchitecture(
        summary="an LSTM with attention over bins (α) per mark, linear over marks; LSTM-α",
        settings=lstm_alpha.LstmAlphaSettings,
        build=lstm_alpha.LstmAlpha,
        presets={"default": lstm_alpha.DEFAULT, "paper": lstm_alpha.PAPER},
        attention=("alpha",),
    ),
    "lstm-attention": ChromatinArchitecture(
        summary="one LSTM over the bins, one attention over bins (α) for all marks; LSTM-Attn",
        settings=lstm_attention.LstmAttentionSettings,
        build=lstm_attention.LstmAttention,
        presets={"default": lstm_attention.DEFAULT, "paper": lstm_attention.PAPER},
        attention=("alpha",),
    ),
    "lstm": ChromatinArchitecture(
        summary="one LSTM over the bins, linear on its last states",
        settings=lstm.LstmSettings,
        build=lstm.Lstm,
        presets={"default": lstm.DEFAULT, "paper": lstm.PAPER},
    ),
    "cnn-attention": ChromatinArchitecture(
        summary="one convolution, one attention over bins (α) for all marks; CNN-Attn",
        settings=cnn_attention.CnnAttentionSettings,
        build=cnn_attention.CnnAttention,
        presets={"default": cnn_attention.DEFAULT, "paper": cnn_attention.PAPER},
        attention=("alpha",),
    ),
    "cnn-alpha-beta": ChromatinArchitecture(
        summary="convolutions with attention over bins (α) and marks (β); CNN-α,β",
        settings=cnn_alpha_beta.CnnAlphaBetaSettings,
        build=cnn_alpha_beta.CnnAlphaBeta,
        presets={"default": cnn_alpha_beta.DEFAULT, "paper": cnn_alpha_beta.PAPER},
        attention=("alpha", "beta"),
    ),
    "deep-chrome": ChromatinArchitecture(
        summary="convolution, max-pooling and two layers; DeepChrome",
        settings=deep_chrome.DeepChromeSettings,
        build=deep_chrome.DeepChrome,
        presets={"default": deep_chrome.DEFAULT, "paper": deep_chrome.PAPER},
    ),
    "mlp": ChromatinArchitecture(
        summary="multi-layer perceptron on the signal of all bins",
        settings=mlp.MlpSettings,
        build=mlp.Mlp,
        presets={"default": mlp.DEFAULT, "paper": mlp.PAPER},
    ),
    "linear": ChromatinArchitecture(
        summary="linear least squares on few features",
        settings=linear.LinearSettings,
        build=linear.Linear,
        presets={"default": linear.DEFAULT, "paper": linear.PAPER},
    ),
    "logistic": ChromatinArchitecture(
        summary="logistic regression on few features; ShallowChrome",
        settings=logistic.LogisticSettings,
        build=logistic.Logistic,
        presets={"default": logistic.DEFAULT, "paper": logistic.PAPER},
    ),
    "svm": ChromatinArchitecture(
        summary="support vector machine with a radial kernel",
        settings=svm.SvmSettings,
        build=svm.Svm,
        presets={"default": svm.DEFAULT, "paper": svm.PAPER},
    ),
    "random-forest": ChromatinArchitecture(
        summary="random forest",
        settings=random_forest.RandomForestSettings,
        build=random_forest.RandomForest,
        presets={"default": random_forest.DEFAULT, "paper": random_forest.PAPER},
    ),
    "rules": ChromatinArchitecture(
        summary="boosted rules of one condition each, readable in the report",
        settings=rules.RulesSettings,
        build=rules.Rules,
        presets={"default": rules.DEFAULT, "paper": rules.PAPER},
    ),
}


MODELS: Mapping[str, Architecture] = {**CHROMATIN_MODELS, **SEQUENCE_MODELS}


def architecture(name: str) -> Architecture:
    """Look up an architecture of either task.

    Raises:
        SettingsError: there is none of that name (the nearest one is named).
    """
    if name not in MODELS:
        raise SettingsError(f"Unknown model '{name}': {suggestion(name, MODELS)}")
    return MODELS[name]


def chromatin_architecture(name: str) -> ChromatinArchitecture:
    """Look up an architecture that reads histone marks.

    Raises:
        SettingsError: there is none of that name, or it reads DNA.
    """
    found = architecture(name)
    if not isinstance(found, ChromatinArchitecture):
        raise SettingsError(
            f"{name} reads DNA, and the data are of histone marks; "
            f"{suggestion('', CHROMATIN_MODELS)}"
        )
    return found


def sequence_architecture(name: str) -> SequenceArchitecture:
    """Look up an architecture that reads DNA.

    Raises:
        SettingsError: there is none of that name, or it reads histone marks.
    """
    found = architecture(name)
    if not isinstance(found, SequenceArchitecture):
        raise SettingsError(
            f"{name} reads histone marks, and the data are of DNA; "
            f"{suggestion('', SEQUENCE_MODELS)}"
        )
    return found


def models_with_attention() -> str:
    """Name the architectures of histone marks that have attention, and which.

    >>> models_with_attention()[:51]
    'attentive-chrome (α and β), attentive-set (α and β)'
    """
    signs = {"alpha": "α", "beta": "β"}
    return ", ".join(
        f"{name} ({' and '.join(signs[kind] for kind in entry.attention)})"
        for name, entry in CHROMATIN_MODELS.items()
        if entry.attention
    )
