"""What the region browser of a sequence run's report shows along the genome, packed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attendome.reports.packing import pack_numbers

EFFECTS = ("site_sum", "site_max", "window_sum")
"""Effects of a variant that the page holds; it draws the first."""
GENES, LINKS, VARIANTS = 200, 200, 300
"""How many of each the page holds of a region at most."""
_LETTERS = 40


@dataclass(frozen=True)
class Browser:
    """What is shown of some regions.

    Attributes:
        coverage: as in ``SequenceReportContent``, of the regions shown, with their ``split``.
        asked: whether these regions were asked for.
        attention: the strongest pairs of bins: ``region`` (its place among those shown), ``head``,
            ``target`` (the bin that attends) and ``source``, numbered from the first bin of the
            coverage, and ``share`` of the target's attention; None where there is no attention.
        genes: ``chrom``, ``tss`` (0-based), ``strand``, ``name``; None where none were given.
        links: as ``read_bedpe`` gives them, within a chromosome; None likewise.
        variants: a row per variant and track: ``variant``, ``id``, ``chrom``, ``position``
            (0-based), ``ref``, ``alt``, ``track`` and ``EFFECTS``; None likewise.
    """

    coverage: xr.Dataset
    asked: bool = False
    attention: pd.DataFrame | None = None
    genes: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    variants: pd.DataFrame | None = None

    @property
    def heads(self) -> list[str]:
        """The heads that arcs can be chosen of."""
        return [] if self.attention is None else self.attention["head"].unique().tolist()


def region_entries(browser: Browser) -> list[dict[str, Any]]:
    """Give what the page shows of each region, in plain values; its size is bounded."""
    coverage, found = browser.coverage, []
    length = coverage.sizes["bin"] * int(coverage.attrs["bin_size"])
    places = (coverage[name].to_numpy() for name in ("chrom", "bin_start", "split"))
    for number, (chrom, start, split) in enumerate(zip(*places, strict=True)):
        entry: dict[str, Any] = {"chrom": str(chrom), "start": int(start), "split": str(split)}
        where = (str(chrom), int(start), int(start) + length)
        if browser.attention is not None:
            entry["attention"] = _attention(browser.attention, number, browser.heads)
        if browser.genes is not None:
            entry["genes"] = _genes(browser.genes, *where)
        if browser.links is not None:
            entry["links"] = _links(browser.links, *where)
        if browser.variants is not None:
            tracks = [str(track) for track in coverage["track"].to_numpy()]
            entry["variants"] = _variants(browser.variants, tracks, *where)
        found.append(entry)
    return found


def row_texts(browser: Browser) -> list[str]:
    """Say what each row of the browser shows, from the top."""
    said = {
        "TSSs of genes, pointing downstream": browser.genes,
        "observed and predicted coverage of the track": browser.coverage,
        "strongest attention between bins that are two or more apart": (browser.attention),
        "links": browser.links,
        "effects of variants on the track around each, as ln of the fold change": browser.variants,
    }
    return [text for text, shown in said.items() if shown is not None]


def _attention(pairs: pd.DataFrame, region: int, heads: list[str]) -> list[dict[str, Any]]:
    """Give the pairs of each head."""
    here = pairs[pairs["region"] == region]
    return [
        {
            "target": rows["target"].tolist(),
            "source": rows["source"].tolist(),
            "share": [float(f"{share:.4g}") for share in rows["share"]],
        }
        for rows in (here[here["head"] == head] for head in heads)
    ]


def _genes(genes: pd.DataFrame, chrom: str, start: int, end: int) -> dict[str, Any]:
    here = genes[(genes["chrom"] == chrom) & genes["tss"].between(start, end - 1)]
    shown = here.sort_values("tss", kind="stable").head(GENES)
    return {
        "all": len(here),
        "name": _short(shown["name"]),
        "tss": shown["tss"].tolist(),
        "strand": shown["strand"].tolist(),
    }


def _links(links: pd.DataFrame, chrom: str, start: int, end: int) -> dict[str, Any]:
    """Give the links that have an end in the region, the highest scores first."""
    overlaps = [(links[f"start{n}"] < end) & (links[f"end{n}"] > start) for n in (1, 2)]
    here = links[(links["chrom1"] == chrom) & (overlaps[0] | overlaps[1])]
    order = here["score"].fillna(-np.inf).sort_values(ascending=False, kind="stable").index
    shown = here.loc[order[:LINKS]]
    places = {name: shown[name].tolist() for name in ("start1", "end1", "start2", "end2")}
    scores = [float(score) if np.isfinite(score) else None for score in shown["score"]]
    return {"all": len(here), "name": _short(shown["name"]), "score": scores} | places


def _variants(
    variants: pd.DataFrame, tracks: list[str], chrom: str, start: int, end: int
) -> dict[str, Any]:
    """Give the variants whose effect is largest in any of the tracks, in their order."""
    here = variants[(variants["chrom"] == chrom) & variants["position"].between(start, end - 1)]
    here = here.drop_duplicates(["variant", "track"])
    largest = here[EFFECTS[0]].abs().groupby(here["variant"]).max()
    chosen = largest.sort_values(ascending=False, kind="stable").index[:VARIANTS]
    each = here.drop_duplicates("variant").set_index("variant").loc[chosen]
    each = each.sort_values("position", kind="stable")
    effects = [
        here.pivot(index="track", columns="variant", values=name)
        .reindex(index=tracks, columns=each.index)
        .to_numpy(np.float64)
        for name in EFFECTS
    ]
    named = each["id"].where(~each["id"].isin(["", "."]) & each["id"].notna(), each.index)
    return {
        "all": len(largest),
        "name": _short(named),
        "position": each["position"].tolist(),
        "ref": _short(each["ref"]),
        "alt": _short(each["alt"]),
        "effects": pack_numbers(np.stack(effects)),
    }


def _short(texts: "pd.Series[Any]") -> list[str]:
    return [
        text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…" for text in map(str, texts)
    ]
