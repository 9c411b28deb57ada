"""How a chromatin dataset is built from files: the settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from attendome.config import Settings
from attendome.errors import SettingsError
from attendome.genome.counting import CountingRule
from attendome.genome.tracks import Summary

Missing = Literal["zero", "nan", "drop"]


class BuildSettings(Settings):
    """How genes are chosen and binned, and how signal and labels are made."""

    gene_type: str = "protein_coding"
    """Take the genes of this type, where the annotation has types; "all" takes all."""
    feature: Literal["gene", "transcript"] = "gene"
    """Which lines of the annotation become the dataset's genes."""
    window: int = Field(default=10_000, gt=0, le=10_000_000)
    """Length of the window around each TSS, in bp."""
    bin_size: int = Field(default=100, gt=0)
    """Length of a bin, in bp."""
    oriented: bool = True
    """Turn minus-strand genes around, so that bins run 5'→3'; otherwise in genome order."""
    assembly: str = ""
    """Such as hg38; by default found from the lengths of the chromosomes."""
    counting: CountingRule = CountingRule()
    """Which reads count, and where."""
    summary: Summary = "mean"
    """What a bin of a bigWig or bedGraph file gets: the mean, sum or maximum over its bases."""
    missing: Missing = "zero"
    """Bases that such a file does not cover: 0; NaN where a bin has no other; or leave genes out
    that have a bin without any covered base."""
    label_rule: str = "median"
    """A gene is on where its expression is above: the median; zero; or threshold=NUMBER."""
    split: str = "chromosome"
    """The rule that puts genes into train, valid and test."""

    @model_validator(mode="after")
    def _whole_bins(self) -> "BuildSettings":
        if self.window % self.bin_size:
            raise ValueError(
                f"a window of {self.window} bp is not a multiple of a bin of {self.bin_size} bp"
            )
        if self.window % 2:
            raise ValueError(f"a window of {self.window} bp has no middle; give an even length")
        return self


class ChromatinFiles(Settings):
    """The files of one cell type."""

    cell_type: str = ""
    """Name of the cell type."""
    genes: Path
    """Annotation: GTF, GFF3, BED with names, or a table."""
    signal: dict[str, tuple[Path, ...]] = Field(min_length=1)
    """The files of each mark, added up: BAM, BED or tagAlign; or bigWig or bedGraph."""
    control: tuple[Path, ...] = ()
    """Reads of the control (input), subtracted after scaling to each mark's depth."""
    expression: Path | None = None
    """Table of expression."""
    column: str = ""
    """Column of that table; by default the one named as the cell type, or the only one."""

    @field_validator("signal", mode="before")
    @classmethod
    def _one_or_several(cls, signal: object) -> object:
        if not isinstance(signal, dict):
            return signal
        return {mark: _several(paths) for mark, paths in signal.items()}

    @field_validator("control", mode="before")
    @classmethod
    def _one_control_or_several(cls, control: object) -> object:
        return _several(control)

    @model_validator(mode="after")
    def _each_once(self) -> "ChromatinFiles":
        for mark, paths in [*self.signal.items(), ("the control", self.control)]:
            if not paths and mark in self.signal:
                raise ValueError(f"{mark} has no file")
            if len(set(paths)) < len(paths):
                raise ValueError(f"a file of {mark} is given twice, and would count twice")
        return self

    def paths(self) -> list[Path]:
        """List the signal files, those of the control last."""
        return [path for paths in (*self.signal.values(), self.control) for path in paths]

    def told(self) -> dict[str, Any]:
        """Tell which files these are, by name and size, wherever they lie."""

        def one(path: Path) -> str:
            return f"{path.name}, {path.stat().st_size} bytes"

        return {
            "genes": one(self.genes),
            "signal": {mark: [one(path) for path in paths] for mark, paths in self.signal.items()},
            "control": [one(path) for path in self.control],
            "expression": one(self.expression) if self.expression else "",
            "column": self.column,
        }


def _several(paths: object) -> object:
    return (paths,) if isinstance(paths, str | Path) else paths


def files_by_mark(assignments: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Turn ``["H3K4me3=a.bam,b.bam"]`` into the files of each mark.

    Raises:
        SettingsError: an item is not of that form, or a mark stands twice.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for item in assignments:
        mark, _, text = item.partition("=")
        if not mark or not all(text.split(",")):
            raise SettingsError(f"--signal {item}: expected MARK=FILE, such as H3K4me3=reads.bam.")
        if mark in found:
            raise SettingsError(
                f"The mark {mark} is given twice; name several files of a mark once, "
                f"such as {mark}=a.bam,b.bam."
            )
        whole = Path(text)  # a name may have a comma itself
        parts = [text] if whole.exists() else text.split(",")
        found[mark] = tuple(Path(part) for part in parts)
    return found
