"""Write pairs of intervals that genome browsers draw as arcs: BEDPE, and UCSC's interact."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int

_INTERACT = (
    "chrom",
    "chromStart",
    "chromEnd",
    "name",
    "score",
    "value",
    "exp",
    "color",
    "sourceChrom",
    "sourceStart",
    "sourceEnd",
    "sourceName",
    "sourceStrand",
    "targetChrom",
    "targetStart",
    "targetEnd",
    "targetName",
    "targetStrand",
)
RAISES, LOWERS = "#D55E00", "#0072B2"


def scores(pairs: pd.DataFrame) -> Int[np.ndarray, " pair"]:
    """Give each pair a score from 0 to 1,000: its size, in thousandths of the largest."""
    size = pairs["value"].abs().to_numpy(np.float64)
    found: Int[np.ndarray, " pair"] = np.rint(1000 * size / (size.max(initial=0) or 1)).astype(int)
    return found


def write_bedpe(pairs: pd.DataFrame, path: Path, about: str) -> None:
    """Write BEDPE: ten columns as bedtools has them, then ``value`` and ``distance``.

    The first interval is the target, the second the source. Lines that begin with # say what the
    file is and name the columns.

    Args:
        pairs: a row per pair, on one chromosome: ``chrom``, ``start``, ``end`` and ``strand`` of
            the target (+, -, or . where it has none), ``name``, ``source_start``, ``source_end``
            (0-based, half-open), ``value``, and ``distance`` in bp.
        path: the file to make.
        about: what the file is, in a line.
    """
    table = pd.DataFrame(
        {
            "chrom1": pairs["chrom"],
            "start1": pairs["start"],
            "end1": pairs["end"],
            "chrom2": pairs["chrom"],
            "start2": pairs["source_start"],
            "end2": pairs["source_end"],
            "name": pairs["name"],
            "score": scores(pairs),
            "strand1": pairs["strand"],
            "strand2": ".",
            "value": pairs["value"],
            "distance": pairs["distance"],
        }
    )
    order = table.sort_values(["chrom1", "start1", "start2"], kind="stable")
    _write(order, path, f"# {about}\n#" + "\t".join(order.columns) + "\n")


def write_interact(pairs: pd.DataFrame, path: Path, name: str, about: str) -> None:
    """Write UCSC's interact format, with the line that makes it a track.

    Links above 0 are vermilion, those below 0 blue.

    Args:
        pairs: as for ``write_bedpe``.
        path: the file to make.
        name: what the browser calls the track.
        about: what it says about it.
    """
    target = pairs["name"].to_numpy(str)
    source = pairs["chrom"] + ":" + pairs["source_start"].astype(str)
    columns = (
        pairs["chrom"],
        pairs[["start", "source_start"]].min(axis=1),
        pairs[["end", "source_end"]].max(axis=1),
        source + "/" + target,
        scores(pairs),
        pairs["value"],
        ".",
        np.where(pairs["value"] < 0, LOWERS, RAISES),
        pairs["chrom"],
        pairs["source_start"],
        pairs["source_end"],
        source,
        ".",
        pairs["chrom"],
        pairs["start"],
        pairs["end"],
        target,
        pairs["strand"],
    )
    table = pd.DataFrame(dict(zip(_INTERACT, columns, strict=True)))
    order = table.sort_values(["chrom", "chromStart", "chromEnd"], kind="stable")
    name, about = (" ".join(text.replace('"', "'").split()) for text in (name, about))
    heading = (
        f'track type=interact name="{name}" description="{about}" visibility=full '
        "interactDirectional=true\n#" + "\t".join(_INTERACT) + "\n"
    )
    _write(order, path, heading)


def _write(table: pd.DataFrame, path: Path, heading: str) -> None:
    rows = table.to_csv(sep="\t", header=False, index=False, float_format="%.6g")
    path.write_text(heading + rows, encoding="utf-8")
