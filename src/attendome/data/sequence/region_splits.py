"""Rules that put regions into the split train, valid and test, such that none share a base.

A rule is written as a word, with options behind a colon:

- ``chromosome:valid=chr8,test=chr9+chr10``: whole chromosomes are held out. ``chromosome`` alone
  holds out about a fifth of the regions for each.
- ``random`` or ``random:seed=3,valid=0.1,test=0.1,block=1048576``: blocks of that many bp, by
  default of eight regions, are drawn.
- ``fold:folds=8,valid=fold3,test=fold4,seed=0,block=1048576``: such blocks are dealt into folds of
  equal shares, named fold0, fold1 and so on, of which one is for validation and one for the test.
- ``column``: the fourth column of the user's BED says train, valid or test.

Where the user gives regions, those that overlap, directly or through others, are a block.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from attendome.data.splits import SPLITS, by_chromosome, parse_rule, shares_and_generator
from attendome.errors import DataError, SettingsError

_REGIONS_PER_BLOCK = 8


def block_length(rule: str, length: int, step: int) -> int | None:
    """Give the length of the blocks that a rule cuts the genome into, in bp; None for none.

    Args:
        rule: the rule as written above.
        length: length of a region, in bp.
        step: from one region's start to the next one's, in bp.

    Raises:
        SettingsError: the rule or one of its options is unknown, or a block has no place for a
            region.
    """
    name, options = parse_rule(rule, _OPTIONS)
    if "block" not in _OPTIONS[name]:
        return None
    block = _number(options.get("block", str(length + (_REGIONS_PER_BLOCK - 1) * step)))
    if block < length:
        raise SettingsError(
            f"The split rule '{rule}': a block of {block:,} bp has no place for a region of "
            f"{length:,} bp."
        )
    return block


def assign_blocks(regions: pd.DataFrame, rule: str) -> pd.Series:
    """Give the split of each region.

    Args:
        regions: a row per region: ``chrom``, ``name`` (the fourth column of a BED) and ``block``,
            the number of the stretch that it shares with others.
        rule: the rule as written above.

    Raises:
        SettingsError: the rule or one of its options is unknown.
        DataError: the rule does not fit the regions, or leaves a split empty.
    """
    name, options = parse_rule(rule, _OPTIONS)
    split: pd.Series = _RULES[name][0](regions, **options)
    for expected in SPLITS:
        if not (split == expected).any():
            raise DataError(
                f"The split rule '{rule}' leaves no region in the split '{expected}'; there are "
                f"{len(regions)} regions in {regions['block'].nunique()} blocks."
            )
    return split


def check_apart(regions: pd.DataFrame) -> None:
    """Check that no regions of different splits share a base.

    Raises:
        DataError: two do; they are named.
    """
    for _, here in regions.sort_values(["chrom", "start"]).groupby("chrom", sort=False):
        # All are equally long, so one that overlaps any later one overlaps the next.
        shared = here["end"].to_numpy()[:-1] > here["start"].to_numpy()[1:]
        split = here["split"].to_numpy()
        across = np.flatnonzero(shared & (split[:-1] != split[1:]))
        if len(across):
            one, other = (
                f"{row.chrom}:{row.start}-{row.end} ({row.split})"
                for row in here.iloc[[across[0], across[0] + 1]].itertuples()
            )
            raise DataError(
                f"Regions of different splits overlap: {one} and {other}. Put them into one split, "
                "or use the split rule 'random', which keeps overlapping regions together."
            )


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise SettingsError(f"A split rule expects a whole number, found '{text}'.") from error


def _chromosome(regions: pd.DataFrame, valid: str = "", test: str = "") -> pd.Series:
    return by_chromosome(regions, valid, test, thing="region")


def _random(
    regions: pd.DataFrame,
    seed: str = "0",
    valid: str = "0.2",
    test: str = "0.2",
    block: str = "",  # noqa: ARG001 - what the genome was cut into
) -> pd.Series:
    (valid_share, test_share), generator = shares_and_generator(seed, valid, test)
    split = pd.Series("train", index=regions.index)
    behind = 0.0
    blocks = regions["block"].value_counts(sort=False).sort_index()
    drawn = blocks.iloc[generator.permutation(len(blocks))]
    until = drawn.cumsum() / len(regions)
    for name, share in (("valid", valid_share), ("test", test_share)):
        # At least one block, and no more than the share where that is possible.
        inside = (until > behind) & (until <= behind + share)
        chosen = until.index[inside] if inside.any() else until.index[until > behind][:1]
        split[regions["block"].isin(chosen)] = name
        behind = float(until[chosen].max()) if len(chosen) else behind
    return split


def _fold(
    regions: pd.DataFrame,
    folds: str = "8",
    valid: str = "",
    test: str = "",
    seed: str = "0",
    block: str = "",  # noqa: ARG001 - what the genome was cut into
) -> pd.Series:
    count = _number(folds)
    names = [f"fold{number}" for number in range(count)]
    if count < len(SPLITS):
        raise SettingsError(f"The split rule 'fold' needs 3 folds or more, found {folds}.")
    valid, test = valid or names[0], test or names[1]
    for name in (valid, test):
        if name not in names:
            raise SettingsError(f"The split rule 'fold': no '{name}' among fold0 to {names[-1]}.")
    if valid == test:
        raise SettingsError(f"The split rule 'fold': {valid} cannot be for valid and for test.")
    found = pd.Series(_deal(regions["block"], count, _number(seed)), index=regions.index)
    split = pd.Series("train", index=regions.index)
    split[found == names.index(valid)] = "valid"
    split[found == names.index(test)] = "test"
    return split


def _deal(block: pd.Series, count: int, seed: int) -> Int[np.ndarray, " region"]:
    """Deal blocks, in a random order, each to the fold with the fewest regions so far."""
    blocks = block.value_counts(sort=False).sort_index()
    held = np.zeros(count, dtype=np.int64)
    fold_of = {}
    for number in np.random.default_rng(seed).permutation(len(blocks)):
        fold = int(held.argmin())
        fold_of[blocks.index[number]] = fold
        held[fold] += blocks.iloc[number]
    return block.map(fold_of).to_numpy(np.int64)


def _column(regions: pd.DataFrame) -> pd.Series:
    wrong = regions[~regions["name"].isin(SPLITS)]
    if len(wrong):
        row = wrong.iloc[0]
        raise DataError(
            "The split rule 'column' expects train, valid or test in the fourth column of the "
            f"regions' BED; {row['chrom']}:{row['start']}-{row['end']} has {row['name']!r} "
            f"({len(wrong)} such regions)."
        )
    return regions["name"]


_RULES: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "chromosome": (_chromosome, ("valid", "test")),
    "random": (_random, ("seed", "valid", "test", "block")),
    "fold": (_fold, ("folds", "valid", "test", "seed", "block")),
    "column": (_column, ()),
}
_OPTIONS = {name: options for name, (_, options) in _RULES.items()}
