"""The methods that explain models that read DNA, by name."""

from dataclasses import dataclass

from pydantic import Field

from attendome.config import suggestion
from attendome.errors import SettingsError
from attendome.interpretation.sequence.targets import TargetSettings


class MutagenesisSettings(TargetSettings):
    """How bases are changed."""

    batch_size: int = Field(default=32, ge=1)
    """Changed sequences at once."""


class IntegratedGradientsSettings(TargetSettings):
    """How the gradient is averaged."""

    steps: int = Field(default=50, ge=1)
    """Places between unknown and known bases at which the gradient is taken."""


@dataclass(frozen=True)
class SequenceMethod:
    """One way to explain predictions.

    Attributes:
        settings: its settings.
        summary: what its importance is, in a line.
        signed: whether importance above 0 speaks for more coverage, and below 0 for less.
    """

    settings: type[TargetSettings]
    summary: str
    signed: bool = True


MUTAGENESIS, SALIENCY, INTEGRATED = "mutagenesis", "saliency", "integrated-gradients"
SEQUENCE_METHODS = {
    MUTAGENESIS: SequenceMethod(
        MutagenesisSettings, "effect of the base over the mean of all four, by mutagenesis"
    ),
    SALIENCY: SequenceMethod(
        TargetSettings, "largest effect of a base, by the gradient", signed=False
    ),
    "gradient-x-input": SequenceMethod(
        TargetSettings, "effect of the base over the mean of all four, by the gradient"
    ),
    INTEGRATED: SequenceMethod(
        IntegratedGradientsSettings,
        "effect of the base over the mean of all four, by integrated gradients from N",
    ),
}


def sequence_method(name: str) -> SequenceMethod:
    """Give a method.

    Raises:
        SettingsError: there is no such method.
    """
    if name not in SEQUENCE_METHODS:
        raise SettingsError(
            f"Unknown method '{name}' of a model that reads DNA: "
            f"{suggestion(name, SEQUENCE_METHODS)}"
        )
    return SEQUENCE_METHODS[name]
