"""Simulated chromatin data with a planted truth, to check what a model finds.

Each gene g has an activity a[g, m] ~ N(0, 1) for each mark m. Log expression is

    y[g] = Σ_m effect_m · a[g, m] + strength · a[g, i] · a[g, j] + N(0, noise²)

with one pair of interacting marks i, j. The reads of mark m in bin b are over-dispersed counts
(Poisson with a gamma-distributed rate) around

    background_m · u[g] · (1 + height_m · shape_m(b) · exp(.7 · a[g, m]) + decoy)

where shape_m is a smooth bump over [start, end) and u[g] varies from gene to gene. A mark of effect
0 is as variable as the others, and says nothing. The decoy is a bump of a height that varies
independently of expression at other bins of the same mark, so that the right mark at the wrong
position says nothing either.
"""

from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from attendome.config import Settings
from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.splits import assign
from attendome.errors import SettingsError

Array = np.ndarray[Any, np.dtype[np.float64]]
_CHROMOSOMES = 5
_BP_PER_GENE = 150_000
_EDGE = 0.1  # below that part of its height, a bump does not show


class SimulatedMark(Settings):
    """One mark of a simulation. Positions are in half windows from the TSS: −1 to 1."""

    name: str
    """Name of the mark."""
    effect: float = 0.0
    """Weight of the mark's activity in log expression; 0 for a mark that says nothing."""
    start: float = Field(default=-0.1, ge=-1, lt=1)
    """Where the bins that follow the activity begin."""
    end: float = Field(default=0.1, gt=-1, le=1)
    """Where they end."""
    height: float = Field(default=8.0, ge=0)
    """Signal in those bins at average activity, as a multiple of the background."""
    background: float = Field(default=1.0, gt=0)
    """Mean count per bin elsewhere."""
    decoy: float | None = Field(default=None, ge=-1, lt=1)
    """Centre of a bump that has nothing to do with expression; none by default."""


class Interaction(Settings):
    """Two marks whose product drives expression beyond the sum of their effects."""

    marks: tuple[str, str]
    """Names of the two marks."""
    strength: float
    """Weight of the product of their activities in log expression."""


_DEFAULT_MARKS = (
    SimulatedMark(name="H3K4me3", effect=1.2, start=-0.1, end=0.2, height=10, decoy=-0.6),
    SimulatedMark(name="H3K4me1", start=-0.4, end=-0.1, height=12, background=2),
    SimulatedMark(name="H3K36me3", effect=0.8, start=0.4, end=0.9, height=5),
    SimulatedMark(name="H3K27me3", effect=-1.0, start=-0.3, end=0.3, height=5),
    SimulatedMark(name="H3K9me3", start=-1, end=1, height=1, background=1.5),
)


class SimulationSettings(Settings):
    """What to simulate."""

    genes: int = Field(default=1500, ge=10)
    """Number of genes."""
    bins: int = Field(default=100, ge=10)
    """Number of bins in a window."""
    bin_size: int = Field(default=100, ge=1)
    """Length of a bin, in bp."""
    marks: tuple[SimulatedMark, ...] = Field(default=_DEFAULT_MARKS, min_length=1)
    """The marks, and what each does."""
    interaction: Interaction | None = Interaction(marks=("H3K4me3", "H3K27me3"), strength=-0.5)
    """The planted interaction between two marks."""
    noise: float = Field(default=0.1, ge=0)
    """Standard deviation of the part of log expression that no mark explains."""
    dispersion: float = Field(default=0.3, gt=0)
    """Squared coefficient of variation of the rate of a bin; the larger, the noisier the counts."""
    split: str = "random"
    """The split rule."""
    seed: int = Field(default=0, ge=0)
    """Seed of all random numbers."""


def simulate_chromatin(settings: SimulationSettings | None = None) -> ChromatinDataset:
    """Simulate a chromatin dataset with a planted truth.

    Returns:
        A dataset that also holds ``planted[mark, bin]`` (whether the signal in that cell follows an
        activity that drives expression), ``effect[mark]`` and the attribute ``truth``.

    Raises:
        SettingsError: a mark stands twice or ends before it starts, or the interaction is not
            between two of the marks.

    >>> data = simulate_chromatin(SimulationSettings(genes=50, seed=1))
    >>> data.signal.shape, data.xarray.effect.sel(mark="H3K4me3").item()
    ((50, 5, 100), 1.2)
    """
    settings = settings or SimulationSettings()
    _check(settings)
    names = [mark.name for mark in settings.marks]
    generator = np.random.default_rng(settings.seed)
    activity = generator.standard_normal((settings.genes, len(names)))
    log_expression = activity @ np.array([mark.effect for mark in settings.marks])
    drivers = {mark.name for mark in settings.marks if mark.effect}
    if settings.interaction:
        first, second = map(names.index, settings.interaction.marks)
        log_expression += settings.interaction.strength * activity[:, first] * activity[:, second]
        drivers |= set(settings.interaction.marks)
    log_expression += generator.normal(0, settings.noise, settings.genes)
    genes = _place_genes(settings, generator)
    genes["expression"] = np.exp(log_expression)
    genes["label"] = (log_expression > np.median(log_expression)).astype(np.int8)
    genes["split"] = assign(genes, settings.split)
    attributes = {
        "cell_type": "simulated",
        "assembly": "simulated",
        "bin_size": settings.bin_size,
        "oriented": True,
        "label_rule": "expression above the median",
        "sources": [],
        "truth": settings.model_dump(mode="json"),
    }
    data = assemble(_counts(settings, activity, generator), genes, names, attributes)
    planted = np.array([mark.name in drivers for mark in settings.marks])[:, None] & (
        np.array([_shape(mark.start, mark.end, settings.bins) > _EDGE for mark in settings.marks])
    )
    effect = np.array([mark.effect for mark in settings.marks])
    data.xarray["planted"] = (("mark", "bin"), planted)
    data.xarray["effect"] = ("mark", effect)
    return data


def _check(settings: SimulationSettings) -> None:
    names = [mark.name for mark in settings.marks]
    if len(set(names)) < len(names):
        raise SettingsError(f"A simulated mark is named twice: {', '.join(names)}.")
    for mark in settings.marks:
        if mark.start >= mark.end:
            raise SettingsError(f"Mark {mark.name} starts at {mark.start} and ends at {mark.end}.")
    pair: tuple[str, ...] = settings.interaction.marks if settings.interaction else ()
    for name in pair:
        if name not in names:
            raise SettingsError(
                f"The interaction names '{name}'; simulated are {', '.join(names)}."
            )
    if len(set(pair)) == 1:
        raise SettingsError(f"The interaction is of '{pair[0]}' with itself; name two marks.")


def _shape(start: float, end: float, bins: int) -> Array:
    """Give a smooth bump over [start, end) half windows, at most 1 and 0 elsewhere; one per bin."""
    centre = (np.arange(bins) + 0.5) / bins * 2 - 1
    inside = (centre >= start) & (centre < end)
    within = (centre - start) / (end - start)
    return np.where(inside, np.sin(np.pi * np.clip(within, 0, 1)) ** 0.5, 0.0)


def _counts(
    settings: SimulationSettings, activity: Array, generator: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Draw the counts, gene × mark × bin."""
    depth = generator.gamma(10, 1 / 10, settings.genes)[:, None]
    rates = []
    for number, mark in enumerate(settings.marks):
        bump = mark.height * _shape(mark.start, mark.end, settings.bins)
        rate = 1 + np.exp(0.7 * activity[:, [number]]) * bump
        if mark.decoy is not None:
            other = np.exp(0.7 * generator.standard_normal((settings.genes, 1)))
            reach = (mark.decoy - 0.1, mark.decoy + 0.1)
            rate += mark.height * other * _shape(*reach, settings.bins)
        rates.append(mark.background * depth * rate)
    mean = np.stack(rates, axis=1)
    spread = generator.gamma(1 / settings.dispersion, settings.dispersion, mean.shape)
    return generator.poisson(mean * spread).astype(np.float32)


def _place_genes(settings: SimulationSettings, generator: np.random.Generator) -> pd.DataFrame:
    """Give each gene an ID, a name and a random location on one of five chromosomes."""
    length = _BP_PER_GENE * settings.genes // _CHROMOSOMES + settings.bins * settings.bin_size
    number = np.arange(1, settings.genes + 1)
    return pd.DataFrame(
        {
            "gene_name": [f"Gene{n}" for n in number],
            "chrom": [f"chr{c}" for c in generator.integers(1, _CHROMOSOMES + 1, settings.genes)],
            "tss": generator.integers(settings.bins * settings.bin_size, length, settings.genes),
            "strand": generator.choice(["+", "-"], settings.genes),
        },
        index=pd.Index([f"SIM{n:05d}" for n in number], name="gene", dtype=object),
    )
