"""Draw the links of some regions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from attendome.data import SequenceDataset
from attendome.interpretation.sequence.link_tables import Profile
from attendome.outputs import safe_name
from attendome.reports.paper import save_figure
from attendome.reports.sequence.links import link_map, tss_profile
from attendome.reports.sequence.paper import Place, attention_within
from attendome.workflows.sequence.link_finding import ATTENTION, LinkFinder
from attendome.workflows.sequence.looking import attention_of

FIGURES = 4
"""Regions that are drawn at most."""


class Drawn(NamedTuple):
    """The links of a region.

    Attributes:
        targets: a row per target; see ``link_targets``.
        links: the links.
        begin: first base of the region, 0-based.
    """

    targets: pd.DataFrame
    links: Float[np.ndarray, "target position"]
    begin: int


def draw(
    folder: Path,
    drawn: Sequence[Drawn],
    profile: Profile | None,
    finder: LinkFinder,
    data: SequenceDataset,
) -> None:
    """Write a heat map per region, the mean around TSSs, and attention against distance.

    Args:
        folder: the folder to make.
        drawn: the regions.
        profile: the mean around TSSs, if there is one.
        finder: what found the links.
        data: the dataset.
    """
    folder.mkdir()
    size = data.bin_size
    for targets, links, begin in drawn:
        chrom = str(targets["chrom"].iloc[0])
        name = safe_name(f"links_{chrom}_{begin}-{begin + data.length}")
        save_figure(link_map(links, targets, Place(chrom, begin, size), finder.unit), folder, name)
    if profile is not None:
        save_figure(tss_profile(profile, size, finder.unit), folder, "tss_profile")
    if finder.settings.method == ATTENTION:
        regions = [int(one.targets["region"].iloc[0]) for one in drawn]
        part = replace(data, xarray=data.xarray.isel(region=regions))
        attention, _ = attention_of(finder.model, part)
        if attention is not None:
            save_figure(attention_within(attention), folder, "attention_within")
