"""Write the importance of bases as tracks that a genome browser opens, and as logos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr

from attendome.config import suggestion
from attendome.data.store import plain_texts, quietly
from attendome.errors import DataError, SettingsError
from attendome.genome.chromosomes import matching
from attendome.genome.writing import read_chromosome_sizes, write_bedgraph, write_bigwig
from attendome.outputs import check_export, check_new, new_output, safe_name
from attendome.reports.paper import FORMATS, save_figure
from attendome.reports.sequence.logos import ROW, logo
from attendome.workflows.parts import Progress
from attendome.workflows.tracks import is_bigwig

_ROWS = 10
_LOGO = "logo-"
_VARIABLES = {"importance", "effect", "sequence"}


@dataclass(frozen=True)
class Logos:
    """What was drawn.

    Attributes:
        path: the folder.
        drawn: name of each figure, without its ending.
    """

    path: Path
    drawn: list[str]


def export_importance(
    maps: xr.Dataset | str | Path,
    out: str | Path,
    track: str,
    *,
    chrom_sizes: str | Path | None = None,
    force: bool = False,
) -> xr.Dataset:
    """Write the importance of each base for a track as bigWig or bedGraph.

    Args:
        maps: what ``SequenceRun.explain`` gives, or where it was written.
        out: a name ending in .bw, .bigwig, .bedgraph or .bdg.
        track: which of the tracks.
        chrom_sizes: lengths of the chromosomes, as in chrom.sizes or .fai; needed for a bigWig file
            of a region of a dataset, in place of a genome.
        force: replace ``out`` where it exists.

    Returns:
        The maps.

    Raises:
        SettingsError: the name has another ending, or the track is not there.
        DataError: the maps cannot be read or are of something else, the length of the chromosome is
            not known or too small, or ``out`` exists.
    """
    target, opened = Path(out), open_maps(maps)
    bigwig = is_bigwig(target)
    check_new(target, force=force)
    _check_tracks(opened, [track])
    about, position = opened.attrs, opened["position"].to_numpy()
    rows = pl.DataFrame(
        {
            "chrom": np.full(len(position), about["chrom"]).astype(str),
            "start": position,
            "end": position + 1,
            "value": opened["importance"].sel(track=track).to_numpy(),
        }
    )
    length = _length(opened, chrom_sizes) if bigwig else 0
    with new_output(target, force=force) as made:
        if bigwig:
            write_bigwig(rows, made, {str(about["chrom"]): length})
        else:
            said = f"{about['summary']} ({about['unit']}), by {about['model']}"
            write_bedgraph(rows, made, f"{track} {about['method']}", said)
    return opened


def export_logos(
    maps: xr.Dataset | str | Path,
    out: str | Path,
    *,
    tracks: Sequence[str] = (),
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Logos:
    """Draw the importance of each base as a letter: logo-TRACK.pdf, .svg and .png.

    Args:
        maps: what ``SequenceRun.explain`` gives, or where it was written.
        out: the folder to make.
        tracks: names of the tracks; by default all.
        force: replace ``out`` where an earlier export made it.
        progress: told how many figures are done, and of how many.

    Raises:
        SettingsError: a track is not there, or there are more bases than a page shows.
        DataError: the maps cannot be read or are of something else, or ``out`` exists and ``force``
            is not set or it holds something else.
    """
    folder, opened = Path(out), open_maps(maps)
    check_new(folder, force=force)
    check_export(folder, _drawn_before)
    names = list(tracks) or [str(name) for name in opened["track"].to_numpy()]
    _check_tracks(opened, names)
    bases = opened.sizes["position"]
    if bases > _ROWS * ROW:
        raise SettingsError(
            f"{bases:,} bases are too many for letters; explain up to {_ROWS * ROW:,}, or write "
            "them as a track: attendome export importance."
        )
    drawn = []
    with new_output(folder, force=force) as made:
        made.mkdir()
        for number, name in enumerate(names, start=1):
            drawn.append(_LOGO + safe_name(name))
            save_figure(logo(opened, name), made, drawn[-1])
            progress(number, len(names))
    return Logos(folder, drawn)


def open_maps(maps: xr.Dataset | str | Path) -> xr.Dataset:
    """Read the importance of bases.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    if isinstance(maps, xr.Dataset):
        return maps
    path = Path(maps)
    try:
        if path.suffix == ".nc":
            opened = xr.load_dataset(path, engine="h5netcdf")
        else:
            with quietly(), xr.open_zarr(path, consolidated=False, chunks=None) as found:
                opened = plain_texts(found.load())
    except (OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise DataError(f"{path}: cannot be read as maps of importance.") from error
    if not {*opened.variables} >= _VARIABLES or "chrom" not in opened.attrs:
        raise DataError(
            f"{path}: expected the importance of bases, as attendome explain --region writes it; "
            f"found {', '.join(map(str, opened.variables))}."
        )
    return opened


def _check_tracks(maps: xr.Dataset, names: Sequence[str]) -> None:
    known = [str(name) for name in maps["track"].to_numpy()]
    for name in names:
        if name not in known:
            raise SettingsError(f"Unknown track '{name}': {suggestion(name, known[:100])}")


def _length(maps: xr.Dataset, chrom_sizes: str | Path | None) -> int:
    """Give the length of the chromosome, in bp."""
    chrom, known = str(maps.attrs["chrom"]), int(maps.attrs["chrom_length"])
    if chrom_sizes:
        sizes = read_chromosome_sizes(Path(chrom_sizes))
        known = {ours: sizes[name] for name, ours in matching(sizes, [chrom]).items()}.get(chrom, 0)
    if known < maps.attrs["end"]:
        raise DataError(
            f"A bigWig file holds the length of {chrom}, "
            f"{f'which is said to be {known:,} bp' if known else 'which is not known'}; give it "
            "with --chrom-sizes FILE, or choose a name that ends in .bedgraph."
        )
    return known


def _drawn_before(entry: Path) -> bool:
    return entry.suffix[1:] in FORMATS and entry.name.startswith(_LOGO)
