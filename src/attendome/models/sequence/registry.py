"""The architectures that read DNA, by name."""

from collections.abc import Mapping

from attendome.models.architectures import SequenceArchitecture

SEQUENCE_MODELS: Mapping[str, SequenceArchitecture] = {}
