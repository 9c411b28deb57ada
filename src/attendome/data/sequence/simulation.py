"""Simulated DNA with a planted truth: promoters that enhancers near and far drive.

Each region has promoters and enhancers at random places. A promoter is a core motif, which tells
its strand, with an activator motif upstream of it; an enhancer is a motif on either strand. Motifs
of activators and enhancers differ from their consensus in 0 to 3 bases, and their strength s is 1,
2/3, 1/3 or 0. The rate of promoter p is

    depth · exp(local_effect · (s[p] − ½)) · (1 + distal_effect · Σ_e s[e])

where e goes over the enhancers upstream of p, on the strand of p, at a distance within ``near`` or
``far``. These are shares of the region's length. At 131,072 bp what is near lies within what
Basenji's dilated convolutions reach, 16.4 kb on each side, and what is far does not; at other
lengths a network is to be given a reach in proportion. Nothing at a promoter tells of its
enhancers.

Tracks, in over-dispersed counts per bin over a background: ``CAGE+`` and ``CAGE-`` at promoters of
either strand, by their rate; ``DNASE`` at promoters, by their activator, and at enhancers;
``H3K27AC`` around enhancers; ``FACTOR``, the protein that binds enhancers, at these.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from pydantic import Field, model_validator

from attendome.config import Settings
from attendome.data.sequence.motifs import LEVELS, Element, write_motifs

_APART = 200
_BACKGROUND = 0.2
_TRIES = 200
_NARROW, _WIDE = (0.1, 0.8, 0.1), tuple(np.full(9, 1 / 9))


class SequenceSimulation(Settings):
    """Settings of a simulation of sequence and tracks."""

    regions: int = Field(default=1200, ge=10)
    """Number of regions, which are all held in memory."""
    length: int = Field(default=16_384, ge=4_096, le=10_000_000)
    """Length of a region, in bp."""
    bin_size: int = Field(default=128, gt=0)
    """Length of a bin, in bp."""
    promoters: int = Field(default=4, ge=1)
    """Promoters of a region."""
    enhancers: int = Field(default=3, ge=0)
    """Enhancers of a region, each at a distance from one of the promoters that counts."""
    near: tuple[float, float] = (0.02, 0.1)
    """Distances that count as near, as shares of the length."""
    far: tuple[float, float] = (0.16, 0.47)
    """Distances that count as far."""
    far_share: float = Field(default=0.67, ge=0, le=1)
    """Share of the enhancers that are placed far."""
    local_effect: float = Field(default=1.5, ge=0)
    """Weight of a promoter's activator in its log rate."""
    distal_effect: float = Field(default=3.0, ge=0)
    """Weight of enhancers in a promoter's rate."""
    depth: float = Field(default=10.0, gt=0)
    """Reads of a promoter of middle strength without enhancers."""
    dispersion: float = Field(default=0.1, gt=0)
    """Variance of the rates of bins, beyond the Poisson noise of their counts."""
    split: str = "random:valid=0.1667,test=0.1667"
    """The rule that puts regions into train, valid and test."""
    seed: int = Field(default=0, ge=0)
    """Seed of all random numbers."""

    @model_validator(mode="after")
    def _whole_bins(self) -> "SequenceSimulation":
        if self.length % self.bin_size:
            raise ValueError(
                f"a length of {self.length} bp is no whole number of bins of {self.bin_size} bp"
            )
        if not 0 < self.near[0] < self.near[1] <= self.far[0] < self.far[1] < 1:
            raise ValueError("near and far are shares of the length, from the nearest up")
        return self


@dataclass(frozen=True)
class Simulated:
    """Simulated regions.

    Attributes:
        sequence: A, C, G, T as 0 to 3.
        coverage: counts per bin in the order of ``TRACKS``.
        elements: a row per promoter and enhancer: ``region``, ``kind``, ``position`` (of the TSS,
            or of the middle of the motif; bp from the region's start, 0-based), ``strand``,
            ``strength`` (of the activator, or of the enhancer), and of promoters ``rate`` and
            ``local_rate``, that without enhancers.
        pairs: a row per promoter and enhancer that drives it: ``promoter`` and ``enhancer`` (rows
            of ``elements``), ``distance`` in bp, ``reach`` (near or far).
    """

    sequence: UInt8[np.ndarray, "region position"]
    coverage: Float[np.ndarray, "region bin track"]
    elements: pd.DataFrame
    pairs: pd.DataFrame


TRACKS = pd.DataFrame(
    {
        "assay": ["CAGE", "CAGE", "DNASE", "CHIP", "CHIP"],
        "description": [
            "CAGE:simulated, plus strand",
            "CAGE:simulated, minus strand",
            "DNASE:simulated",
            "CHIP:H3K27ac, simulated",
            "CHIP:the enhancers' factor, simulated",
        ],
        "strand_pair": [1, 0, 2, 3, 4],
    },
    index=pd.Index(["CAGE+", "CAGE-", "DNASE", "H3K27AC", "FACTOR"], name="track", dtype=object),
)


def simulate_regions(settings: SequenceSimulation) -> Simulated:
    """Simulate DNA and the counts of tracks along it.

    A region that has no place for all of its elements has fewer.
    """
    generator = np.random.default_rng(settings.seed)
    sequence = generator.integers(0, 4, (settings.regions, settings.length), dtype=np.uint8)
    placed = [e for region in range(settings.regions) for e in _place(settings, generator, region)]
    elements = pd.DataFrame(placed)
    pairs = _pairs(elements, settings)
    gain = np.bincount(
        pairs["promoter"], elements["strength"].to_numpy()[pairs["enhancer"]], len(elements)
    )
    promoter = (elements["kind"] == "promoter").to_numpy()
    local = settings.depth * np.exp(settings.local_effect * (elements["strength"] - 0.5))
    elements["local_rate"] = local.where(promoter)
    elements["rate"] = elements["local_rate"] * (1 + settings.distal_effect * gain)
    for element in placed:
        write_motifs(sequence[element.region], element, generator)
    counts = _counts(placed, elements["rate"].to_numpy(), settings, generator)
    return Simulated(sequence, counts, elements, pairs)


def _place(
    settings: SequenceSimulation, generator: np.random.Generator, region: int
) -> list[Element]:
    """Place the elements of a region: enhancers upstream of a promoter, none over another."""
    rows: list[Element] = []

    def free(place: int) -> bool:
        inside = _APART <= place < settings.length - _APART
        return inside and all(abs(place - other.position) >= _APART for other in rows)

    def add(kind: str, place: int, strand: str) -> None:
        strength = 1 - int(generator.integers(0, LEVELS + 1)) / LEVELS
        rows.append(Element(region, kind, place, strand, strength))

    for _ in range(_TRIES):
        place = int(generator.integers(_APART, settings.length - _APART))
        if len(rows) < settings.promoters and free(place):
            add("promoter", place, str(generator.choice(["+", "-"])))
    promoters = list(rows)
    for _ in range(_TRIES):
        if len(rows) == settings.promoters + settings.enhancers:
            break
        _, _, tss, strand, _ = promoters[int(generator.integers(len(promoters)))]
        reach = settings.far if generator.random() < settings.far_share else settings.near
        distance = int(generator.uniform(*reach) * settings.length)
        place = tss - distance if strand == "+" else tss + distance
        if free(place):
            add("enhancer", place, str(generator.choice(["+", "-"])))
    return rows


def _pairs(elements: pd.DataFrame, settings: SequenceSimulation) -> pd.DataFrame:
    """Find which enhancers drive which promoters."""
    rows = elements.reset_index(names="number")
    promoters, enhancers = (rows[rows["kind"] == kind] for kind in ("promoter", "enhancer"))
    both = promoters.merge(enhancers, on="region", suffixes=("", "_of_enhancer"))
    upstream = np.where(both["strand"] == "+", 1, -1)
    distance = (both["position"] - both["position_of_enhancer"]) * upstream
    share = distance / settings.length
    near, far = share.between(*settings.near), share.between(*settings.far)
    return pd.DataFrame(
        {
            "promoter": both["number"],
            "enhancer": both["number_of_enhancer"],
            "distance": distance,
            "reach": np.where(near, "near", "far"),
        }
    )[near | far].reset_index(drop=True)


def _counts(
    placed: list[Element],
    rates: Float[np.ndarray, " element"],
    settings: SequenceSimulation,
    generator: np.random.Generator,
) -> Float[np.ndarray, "region bin track"]:
    bins = settings.length // settings.bin_size
    rate = np.full((settings.regions, bins, len(TRACKS)), _BACKGROUND)
    track = {name: number for number, name in enumerate(TRACKS.index)}
    for row, own in zip(placed, rates, strict=True):
        if row.kind == "promoter":
            shares = [
                ("CAGE" + row.strand, own, _NARROW),
                ("DNASE", settings.depth * (0.5 + row.strength), _NARROW),
            ]
        else:
            height = settings.depth * row.strength
            shares = [
                ("DNASE", height, _NARROW),
                ("H3K27AC", height, _WIDE),
                ("FACTOR", height, _NARROW),
            ]
        for name, height, shape in shares:
            around = row.position // settings.bin_size + np.arange(len(shape)) - len(shape) // 2
            inside = (around >= 0) & (around < bins)
            rate[row.region, around[inside], track[name]] += height * np.array(shape)[inside]
    spread = generator.gamma(1 / settings.dispersion, settings.dispersion, rate.shape)
    return generator.poisson(rate * spread).astype(np.float32)
