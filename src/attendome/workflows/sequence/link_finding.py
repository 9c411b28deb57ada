"""Find the links of the targets of a region, by any method."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from pydantic import Field
from torch import Tensor

from attendome.errors import SettingsError
from attendome.interpretation.sequence.links import (
    Level,
    attention_links,
    gradient_links,
    level_of,
    masking_links,
)
from attendome.interpretation.sequence.targets import OnTarget, Target, TargetSettings
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.model import SequenceModel
from attendome.training.inference import device_of
from attendome.training.sequence.inference import Averaging
from attendome.variants.predicting import predict_alleles
from attendome.variants.stretches import GenomeWindows
from attendome.workflows.sequence.link_targets import Wanted
from attendome.workflows.sequence.prediction_sources import chosen_tracks
from attendome.workflows.sequence.run import SequenceRun

ATTENTION = "attention"
CHANGE = 0.1
"""Threshold of links that are changes of log coverage, by default."""


class LinkSettings(TargetSettings):
    """Which links are looked for, and how."""

    method: Literal["attention", "gradients", "masking"] = "attention"
    """What a link is."""
    tracks: tuple[str, ...] = ()
    """Tracks, by name or by assay, whose coverage, added up, gradients and masking explain and by
    which peaks are chosen; by default all."""
    split: str | None = None
    """Only the regions of train, valid or test."""
    regions: tuple[str, ...] = ()
    """Only the regions that overlap one of these stretches, such as chr21:5000000-6000000, 0-based
    and half-open."""
    targets: Wanted = Field(default=8)
    """Where no genes are given: how many of the highest peaks of the prediction are the targets of
    a region, or all bins, of attention only."""
    heads: bool = False
    """Whether the maps hold each head's attention, too."""
    batch_size: int = Field(default=32, ge=1)
    """Masked sequences at once."""
    threshold: float | None = Field(default=None, gt=0)
    """Size from which on a link is listed; by default twice even attention, or a change of log
    coverage by 0.1."""
    per_target: int = Field(default=5, ge=1)
    """Links listed of a target at most."""
    min_distance: int | None = Field(default=None, ge=0)
    """Distance in bp from which on a link is listed; by default two bins."""


class Found(NamedTuple):
    """The links of a region.

    Attributes:
        links: of each target with each bin of the input.
        heads: of each head, where they are asked for.
    """

    links: Float[np.ndarray, "target position"]
    heads: Float[np.ndarray, "head target position"] | None = None


@dataclass(frozen=True)
class LinkFinder:
    """A run, and which links are looked for.

    Attributes:
        run: the run.
        settings: which links, and how.

    Raises:
        SettingsError: a track is unknown, or the settings do not go together.
    """

    run: SequenceRun
    settings: LinkSettings

    def __post_init__(self) -> None:
        chosen = self.settings
        chosen_tracks(self.run.description, chosen.tracks)
        if chosen.method != ATTENTION and (chosen.heads or chosen.targets == "all"):
            raise SettingsError(
                "All bins as targets, and heads of their own, are for attention only; with "
                f"{chosen.method}, give genes or a number of targets."
            )

    @cached_property
    def model(self) -> SequenceModel:
        """The model, in evaluation mode."""
        return cast(SequenceModel, self.run.model.eval())

    @property
    def threshold(self) -> float:
        """The size from which on a link is listed."""
        even = 1 / self.run.description.shape.positions
        default = 2 * even if self.settings.method == ATTENTION else CHANGE
        return self.settings.threshold or default

    @property
    def min_distance(self) -> int:
        """The distance from which on a link is listed, in bp."""
        given = self.settings.min_distance
        return 2 * self.run.description.bin_size if given is None else given

    @property
    def unit(self) -> str:
        """What a link is, in a few words."""
        return "attention" if self.settings.method == ATTENTION else "ln fold change"

    @torch.no_grad()
    def levels(self, sequence: UInt8[np.ndarray, " base"]) -> Float[np.ndarray, " bin"]:
        """Predict the log coverage of the tracks in each bin."""
        coded = one_hot(self._coded(sequence))[None]
        return self._level(self._on_tracks.coverage(coded))[0].cpu().numpy()

    def find(
        self, sequence: UInt8[np.ndarray, " base"], targets: Int[np.ndarray, " target"]
    ) -> Found:
        """Find the links of some targets of a region.

        Args:
            sequence: that of the region, A C G T N = 0..4.
            targets: bins of those predicted.

        Raises:
            SettingsError: the model has no attention, where that is asked for.
        """
        coded, chosen, size = self._coded(sequence), self.settings, self.run.description.bin_size
        bins = torch.tensor(targets, device=self._device)  # of pandas, which may be read-only
        if chosen.method == ATTENTION:
            heads = self._attention(coded, bins)
            return Found(
                heads.mean(dim=0).cpu().numpy(), heads.cpu().numpy() if chosen.heads else None
            )
        if chosen.method == "gradients":
            coverage = self._on_tracks.coverage
            links = gradient_links(coverage, coded, bins, self._level, size)
        else:
            links = masking_links(self._predict, coded, bins, self._level, size, chosen.batch_size)
        return Found(links.cpu().numpy())

    def _attention(
        self, sequence: UInt8[Tensor, " base"], bins: Int[Tensor, " target"]
    ) -> Float[Tensor, "head target position"]:
        both = self.settings.reverse_complement
        try:
            return attention_links(self.model, sequence, bins, both_strands=both)
        except ValueError as error:
            raise SettingsError(
                f"{self.run.config.model} has no attention; choose gradients or masking."
            ) from error

    def _predict(
        self, whole: UInt8[Tensor, "1 base"], masked: UInt8[Tensor, "copy base"]
    ) -> tuple[Tensor, Tensor]:
        return predict_alleles(
            self.model,
            GenomeWindows(tuple(whole), ((0, 0),), whole.shape[1]),
            masked,
            [0] * len(masked),
            torch.tensor(self.run.description.strand_pairs),
            Averaging(reverse_complement=self.settings.reverse_complement),
            self.settings.batch_size,
        )

    def _coded(self, sequence: UInt8[np.ndarray, " base"]) -> UInt8[Tensor, " base"]:
        return torch.from_numpy(sequence).to(self._device)

    @property
    def _device(self) -> torch.device:
        return device_of(self.model)

    @cached_property
    def _tracks(self) -> Int[np.ndarray, " kept"]:
        return chosen_tracks(self.run.description, self.settings.tracks)

    @cached_property
    def _level(self) -> Level:
        tracks = torch.from_numpy(self._tracks).to(self._device)
        return level_of(tracks, self.settings.pseudocount)

    @cached_property
    def _on_tracks(self) -> OnTarget:
        """The model, over both strands where that is asked for."""
        description, both = self.run.description, self.settings.reverse_complement
        pairs = torch.tensor(description.strand_pairs, device=self._device) if both else None
        every = Target(0, description.shape.bins, tuple(self._tracks.tolist()))
        return OnTarget(self.model, every, pairs)
