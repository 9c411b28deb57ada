"""How a sequence dataset is built from files: the settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from attendome.config import Settings

Missing = Literal["median", "zero"]


class SequenceSettings(Settings):
    """How regions are chosen, and how coverage becomes targets."""

    length: int = Field(default=131_072, gt=0, le=10_000_000)
    """Length of the input of a region, in bp."""
    bin_size: int = Field(default=128, gt=0)
    """Length of a bin, in bp."""
    crop: int = Field(default=0, ge=0)
    """What is cut off each side of the input before it is binned, in bp."""
    stride: int | None = Field(default=None, gt=0)
    """From one region's start to the next one's, in bp; by default such that the bins, rather than
    the inputs, lie side by side: the length less the crop on both sides."""
    max_unmappable: float = Field(default=0.3, ge=0, le=1)
    """Leave out regions with a larger share of unmappable bins; a bin is one where at least half of
    its bases are."""
    missing: Missing = "median"
    """Bases without a value in a track: the median of the region's bases that have one, where at
    least half have; 0 otherwise; or always 0."""
    split: str = "chromosome"
    """The rule that puts regions into train, valid and test."""
    dtype: Literal["float16", "float32"] = "float16"
    """Number type of the coverage; float16 reaches to 65,504."""

    @model_validator(mode="after")
    def _whole_bins(self) -> "SequenceSettings":
        inner = self.length - 2 * self.crop
        if inner <= 0 or inner % self.bin_size:
            raise ValueError(
                f"a length of {self.length} bp less a crop of {self.crop} bp on each side is "
                f"{inner} bp, which is no whole number of bins of {self.bin_size} bp"
            )
        return self

    @property
    def bins(self) -> int:
        """Number of bins of a region."""
        return (self.length - 2 * self.crop) // self.bin_size

    @property
    def step(self) -> int:
        """From one region's start to the next one's, in bp."""
        return self.stride or self.length - 2 * self.crop


class SequenceFiles(Settings):
    """The files of a sequence dataset."""

    genome: Path
    """FASTA, plain or compressed with bgzip or gzip."""
    tracks: Path
    """The table of tracks."""
    regions: Path | None = None
    """BED of the regions, one at the middle of each line; by default the genome is tiled."""
    gaps: Path | None = None
    """BED of stretches that no region may touch, such as gaps of the assembly."""
    blacklist: Path | None = None
    """BED of stretches whose signal is not to be trusted; there it is at most the region's
    median."""
    unmappable: Path | None = None
    """BED of stretches to which reads cannot be mapped."""
