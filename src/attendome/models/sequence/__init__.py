"""Models that read DNA: one trunk, and contexts that bring in what lies far away."""

from attendome.models.sequence.attention import Attention, AttentionSettings
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.decay_constant import DecayConstant, DecayConstantSettings
from attendome.models.sequence.decay_learned import DecayLearned, DecayLearnedSettings
from attendome.models.sequence.dilated import Dilated, DilatedSettings
from attendome.models.sequence.hybrid import Hybrid, HybridSettings
from attendome.models.sequence.outputs import SequenceOutput
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.standard import Standard, StandardSettings

__all__ = [
    "Attention",
    "AttentionSettings",
    "DecayConstant",
    "DecayConstantSettings",
    "DecayLearned",
    "DecayLearnedSettings",
    "Dilated",
    "DilatedSettings",
    "Hybrid",
    "HybridSettings",
    "SequenceOutput",
    "SequenceShape",
    "Standard",
    "StandardSettings",
    "one_hot",
]
