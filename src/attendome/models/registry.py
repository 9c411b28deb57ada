"""The architectures by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from attendome.config import Settings, suggestion
from attendome.errors import SettingsError
from attendome.models import (
    attentive_chrome,
    cnn_alpha_beta,
    cnn_attention,
    deep_chrome,
    lstm,
    lstm_alpha,
    lstm_attention,
    mlp,
)


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
    """

    task: Literal["chromatin"]
    summary: str
    settings: type[Settings]
    build: Callable[[int, int, Any], nn.Module]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attention: tuple[Literal["alpha", "beta"], ...] = ()


MODELS: Mapping[str, Architecture] = {
    "attentive-chrome": Architecture(
        task="chromatin",
        summary="LSTMs with attention over bins (α) and marks (β); AttentiveChrome's LSTM-α,β",
        settings=attentive_chrome.AttentiveChromeSettings,
        build=attentive_chrome.AttentiveChrome,
        presets={"default": attentive_chrome.DEFAULT, "paper": attentive_chrome.PAPER},
        attention=("alpha", "beta"),
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

    >>> models_with_attention()[:42]
    'attentive-chrome (α and β), lstm-alpha (α)'
    """
    signs = {"alpha": "α", "beta": "β"}
    return ", ".join(
        f"{name} ({' and '.join(signs[kind] for kind in entry.attention)})"
        for name, entry in MODELS.items()
        if entry.attention
    )
