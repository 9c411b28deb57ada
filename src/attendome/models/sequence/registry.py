"""The architectures that read DNA, by name."""

from collections.abc import Mapping
from typing import Any

from attendome.models.architectures import SequenceArchitecture
from attendome.models.sequence import (
    attention,
    decay_constant,
    decay_learned,
    dilated,
    hybrid,
    standard,
)

_TRAINING: Mapping[str, Any] = {
    "learning_rate": 0.002063,
    "beta1": 0.97,
    "beta2": 0.98,
    "batch_size": 2,
    "gradient_clip_norm": 1.0,
    "margin": 32,
}
"""The published training of all of them: Kelley et al. 2018, Angus and Eyuboglu 2018."""

SEQUENCE_MODELS: Mapping[str, SequenceArchitecture] = {
    "standard": SequenceArchitecture(
        summary="convolution tower only; sees the 615 bp around a bin",
        settings=standard.StandardSettings,
        build=standard.Standard,
        presets={"default": standard.DEFAULT, "paper": {**_TRAINING, **standard.PAPER}},
    ),
    "dilated": SequenceArchitecture(
        summary="tower and densely connected dilated convolutions, 16 kb to each side; Basenji",
        settings=dilated.DilatedSettings,
        build=dilated.Dilated,
        presets={"default": dilated.DEFAULT, "paper": {**_TRAINING, **dilated.PAPER}},
    ),
    "decay-constant": SequenceArchitecture(
        summary="tower and exponential contexts with fixed rates of decay",
        settings=decay_constant.DecayConstantSettings,
        build=decay_constant.DecayConstant,
        presets={"default": decay_constant.DEFAULT, "paper": {**_TRAINING, **decay_constant.PAPER}},
    ),
    "decay-learned": SequenceArchitecture(
        summary="tower and exponential contexts with learned rates of decay",
        settings=decay_learned.DecayLearnedSettings,
        build=decay_learned.DecayLearned,
        presets={"default": decay_learned.DEFAULT, "paper": {**_TRAINING, **decay_learned.PAPER}},
    ),
    "attention": SequenceArchitecture(
        summary="tower and distal attention, over all bins of the region",
        settings=attention.AttentionSettings,
        build=attention.Attention,
        presets={"default": attention.DEFAULT, "paper": {**_TRAINING, **attention.PAPER}},
        published=(
            {"layers": 1, "heads": 5, "position": "two-sided"},
            {"layers": 2, "heads": 5, "position": "exponential"},
            {"layers": 1, "heads": 5, "position": "exponential"},
            {"layers": 1, "heads": 16, "position": "exponential"},
            {"layers": 1, "heads": 5, "position": "none"},
        ),
    ),
    "hybrid": SequenceArchitecture(
        summary="dilated convolutions and attention that reaches the whole region; of this toolkit",
        settings=hybrid.HybridSettings,
        build=hybrid.Hybrid,
        presets={"default": hybrid.DEFAULT},
        published=(),
    ),
}
