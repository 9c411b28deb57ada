"""The convolution tower alone: a bin of 128 bp is predicted from the 615 bp around it.

The model without context of Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based
Models, 2018; Basenji (Kelley et al., Genome Research 2018) without its dilated layers.
"""

from attendome.models.sequence.context import Context
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import TrunkSettings


class StandardSettings(TrunkSettings):
    """Architecture of the tower alone."""


class Standard(SequenceModel):
    """Predict coverage from each bin's own surroundings.

    Args:
        shape: sizes of input and output.
        settings: scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: StandardSettings | None = None) -> None:
        super().__init__(shape, settings or StandardSettings(), Context)


DEFAULT: dict[str, object] = {}
"""The published architecture."""

PAPER = {"dropout": 0.05}
"""Angus and Eyuboglu 2018."""
