"""What goes into a sequence model, and what comes out."""

from dataclasses import dataclass

PUBLISHED_LENGTH, PUBLISHED_BIN_SIZE, PUBLISHED_TRACKS = 131_072, 128, 4_229


@dataclass(frozen=True)
class SequenceShape:
    """Sizes of the input and the output of a sequence model.

    Attributes:
        length: bases of the input.
        bin_size: length of a bin, in bp.
        tracks: number of tracks.
        crop: what is cut off each side of the input before it is binned, in bp.

    Raises:
        ValueError: the length or the crop is no whole number of bins, or no bin is left.

    >>> shape = SequenceShape(length=131_072, bin_size=32, tracks=74, crop=32_768)
    >>> shape.positions, shape.bins
    (4096, 2048)
    """

    length: int = PUBLISHED_LENGTH
    bin_size: int = PUBLISHED_BIN_SIZE
    tracks: int = PUBLISHED_TRACKS
    crop: int = 0

    def __post_init__(self) -> None:
        for what, size in (("length", self.length), ("crop", self.crop)):
            if size % self.bin_size:
                raise ValueError(
                    f"a {what} of {size:,} bp is no whole number of bins of {self.bin_size} bp"
                )
        if self.bins < 1:
            raise ValueError(f"a crop of {self.crop:,} bp leaves no bin of {self.length:,} bp")

    @property
    def positions(self) -> int:
        """Number of bins of the whole input, those that the crop cuts off among them."""
        return self.length // self.bin_size

    @property
    def bins(self) -> int:
        """Number of bins that are predicted."""
        return (self.length - 2 * self.crop) // self.bin_size
