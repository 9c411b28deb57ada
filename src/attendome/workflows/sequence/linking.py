"""Link bins that predictions are made for with the bins that they look at, over many regions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attendome import __version__
from attendome.config import validate
from attendome.data import SequenceDataset
from attendome.errors import DataError
from attendome.genome.files import sha256
from attendome.genome.stitching import read_stretches
from attendome.interpretation.sequence.link_tables import Choice, Profile, strongest
from attendome.models.weights import WEIGHTS
from attendome.outputs import new_output
from attendome.workflows.parts import Watch
from attendome.workflows.run import open_sequence_run
from attendome.workflows.sequence.link_drawing import FIGURES, Drawn, draw
from attendome.workflows.sequence.link_files import (
    ARCS,
    MapWriter,
    check_links,
    write_arcs,
)
from attendome.workflows.sequence.link_finding import Found, LinkFinder, LinkSettings
from attendome.workflows.sequence.link_targets import other_targets, tss_targets
from attendome.workflows.sequence.matching import Data
from attendome.workflows.sequence.run import SequenceRun


@dataclass(frozen=True)
class Linked:
    """The links that were found.

    Attributes:
        targets: a row per target; see ``link_targets``.
        strongest: a row per link that is listed; see ``strongest``.
        profile: the mean around TSSs; None where the targets are others.
        threshold: size from which on links are listed.
        unit: what a link is: ``attention`` or ``ln fold change``.
    """

    targets: pd.DataFrame
    strongest: pd.DataFrame
    profile: Profile | None
    threshold: float
    unit: str


def link(
    run: SequenceRun | str | Path,
    out: Sequence[str | Path],
    settings: Mapping[str, Any] | None = None,
    *,
    data: Data = None,
    genes: str | Path | None = None,
    force: bool = False,
    watch: Watch = lambda _step: nullcontext(lambda _done, _all: None),
) -> Linked:
    """Find links in the regions of a dataset, one after the other, and write them.

    Args:
        run: a run, or its folder.
        out: names that end in .zarr (maps), in .bedpe or .interact (the strongest links), or that
            have no ending (a folder of figures).
        settings: those of ``LinkSettings``, by name.
        data: a dataset, or where it is stored; by default the one that the run was made from.
        genes: genes whose TSSs are the targets: GTF, GFF3, BED or a table; by default the targets
            are peaks of the prediction.
        force: replace what exists.
        watch: told the name of each step, gives what is told how much of it is done.

    Raises:
        SettingsError: the model does not read DNA or has no attention, a setting is unknown or
            does not fit, or a name has another ending.
        DataError: the dataset or the genes are not there or do not fit, there is no target, or an
            output exists.
    """
    paths = [Path(path) for path in out]
    for path in paths:
        check_links(path, force=force)
    finder = LinkFinder(open_sequence_run(run), validate(LinkSettings, settings or {}))
    opened = finder.run.dataset(data)
    regions = _regions(opened, finder.settings)
    targets = _targets(finder, opened, regions, Path(genes) if genes else None, watch)
    about = _about(finder, opened)
    with ExitStack() as stack:
        made = [stack.enter_context(new_output(path, force=force)) for path in paths]
        region_start = targets["region"].map(regions["start"])
        writers = [
            MapWriter(place, targets, region_start, opened.length // opened.bin_size, about)
            for place in made
            if place.suffix == ".zarr"
        ]
        linked, drawn = _collect(finder, opened, targets, writers, watch)
        for place in made:
            if place.suffix in ARCS:
                write_arcs(linked.strongest, place, _line(finder, linked))
            elif not place.suffix:
                draw(place, drawn, linked.profile, finder, opened)
    return linked


def _regions(data: SequenceDataset, settings: LinkSettings) -> pd.DataFrame:
    """Take the regions that are asked for, in their order on the genome."""
    table = data.regions
    if settings.split:
        table = table[table["split"] == settings.split]
        if table.empty:
            raise DataError(f"{data.name}: no region is in the split '{settings.split}'.")
    if settings.regions:
        ends = {str(chrom): int(end) for chrom, end in table.groupby("chrom")["end"].max().items()}
        overlaps = np.zeros(len(table), bool)
        for stretch in read_stretches(settings.regions, ends, data.name).itertuples():
            here = table["chrom"] == stretch.chrom
            overlaps |= here & (table["start"] < stretch.end) & (table["end"] > stretch.start)
        table = table[overlaps]
        if table.empty:
            raise DataError(f"{data.name}: no region overlaps {', '.join(settings.regions)}.")
    return table.sort_values(["chrom", "start"], kind="stable")


def _targets(
    finder: LinkFinder,
    data: SequenceDataset,
    regions: pd.DataFrame,
    genes: Path | None,
    watch: Watch,
) -> pd.DataFrame:
    """Give the targets of all regions, those of a region together."""
    if genes:
        return tss_targets(data, regions, genes)
    wanted, tables = finder.settings.targets, []
    with watch("Choosing targets") as progress:
        for number, region in enumerate(regions.index):
            sequence, _ = data.read(region)
            levels = finder.levels(sequence) if wanted != "all" else np.zeros(data.bins)
            tables.append(other_targets(data, regions.loc[region], levels, wanted))
            progress(number + 1, len(regions))
    return pd.concat(tables, ignore_index=True)


def _collect(
    finder: LinkFinder,
    data: SequenceDataset,
    targets: pd.DataFrame,
    writers: Sequence[MapWriter],
    watch: Watch,
) -> tuple[Linked, list[Drawn]]:
    """Find the links of each region, write them, and keep what is listed and drawn."""
    size, crop = data.bin_size, data.crop // data.bin_size
    choice = Choice(finder.threshold, finder.settings.per_target, finder.min_distance)
    named = bool((targets["strand"] != ".").any())
    profile = Profile(data.length // size) if named else None
    tables, drawn = list[pd.DataFrame](), list[Drawn]()
    with watch("Linking") as progress:
        for rows, found in _found(finder, data, targets):
            begin = int(rows["start"].iloc[0]) - (int(rows["bin"].iloc[0]) + crop) * size
            tables.append(strongest(found.links, rows, begin, size, choice))
            if profile is not None:
                profile.add(found.links, rows["bin"].to_numpy() + crop, rows["strand"])
            for writer in writers:
                writer.add(found)
            if len(drawn) < FIGURES:
                drawn.append(Drawn(rows, found.links, begin))
            progress(int(rows.index[-1]) + 1, len(targets))
    for writer in writers:
        writer.finish(profile, size)
    listed = pd.concat(tables, ignore_index=True)
    return Linked(targets, listed, profile, finder.threshold, finder.unit), drawn


def _found(
    finder: LinkFinder, data: SequenceDataset, targets: pd.DataFrame
) -> Iterator[tuple[pd.DataFrame, Found]]:
    for _, rows in targets.groupby("region", sort=False):
        sequence, _ = data.read(int(rows["region"].iloc[0]))
        yield rows, finder.find(sequence, rows["bin"].to_numpy())


def _about(finder: LinkFinder, data: SequenceDataset) -> dict[str, Any]:
    run = finder.run
    return {
        "method": finder.settings.method,
        "method_settings": finder.settings.model_dump_json(),
        "unit": finder.unit,
        "bin_size": run.description.bin_size,
        "model": run.config.model,
        "weights_sha256": sha256(run.path / WEIGHTS),
        "data_fingerprint": data.fingerprint(),
        "attendome_version": __version__,
    }


def _line(finder: LinkFinder, linked: Linked) -> str:
    """Say what a file of arcs is, in a line."""
    return (
        f"{finder.settings.method} of {finder.run.config.model}: links of at least "
        f"{linked.threshold:.3g} ({linked.unit}) and {finder.min_distance:,} bp, the "
        f"{finder.settings.per_target} strongest of each of {len(linked.targets):,} targets; "
        "score: thousandths of the strongest"
    )
