"""What a trained sequence model predicts for some regions, and where its attention lies there."""

from typing import cast

import numpy as np
import pandas as pd
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from attendome.data import SequenceDataset
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.position import PositionFunction
from attendome.reports.sequence.content import chosen_tracks
from attendome.training.inference import device_of
from attendome.training.sequence.inference import Averaging, predict_regions
from attendome.workflows.sequence.run import SequenceRun

TRACKS = 24
"""Tracks whose coverage a report shows at most."""
ATTENDED = 4
"""Regions that attention is averaged over at most."""
_WEIGHTS = 200_000_000
_SHOWN = 1024


def coverage_of(
    run: SequenceRun,
    regions: SequenceDataset,
    tracks: pd.DataFrame,
    averaging: Averaging | None = None,
) -> xr.Dataset | None:
    """Predict the tracks to be shown in some regions; None where no track has a score.

    Args:
        run: the run.
        regions: the regions, with the tracks in the model's order.
        tracks: the scores of the tracks.
        averaging: what predictions are averaged over; by default nothing.
    """
    chosen = chosen_tracks(tracks, TRACKS)
    if not chosen:
        return None
    table = regions.tracks
    places = table.index.get_indexer(pd.Index(chosen))
    observed, predicted = [], []
    for batch in predict_regions(run.model, regions, averaging, batch_size=1):
        observed.append(batch.observed[:, :, places].cpu().numpy())
        predicted.append(batch.predicted[:, :, places].float().cpu().numpy())
    dims, found = ("region", "bin", "track"), regions.regions
    return xr.Dataset(
        {
            "observed": (dims, np.concatenate(observed)),
            "predicted": (dims, np.concatenate(predicted)),
        },
        {
            "chrom": ("region", found["chrom"].to_numpy()),
            "bin_start": ("region", found["start"].to_numpy() + regions.crop),
            "track": chosen,
            "unit": ("track", [_unit(table.iloc[place], regions.bin_size) for place in places]),
        },
        {"bin_size": regions.bin_size},
    )


def _unit(track: pd.Series, bin_size: int) -> str:
    """Say what the coverage of a track is, as far as it is known."""
    known = {"sum": "sum", "mean": "mean", "max": "maximum", "sum_sqrt": "√(1 + sum) − 1"}
    summary = known.get(str(track.get("sum_stat")))
    if summary is None:
        return f"coverage per {bin_size} bp"
    said = f"{summary} over {bin_size} bp"
    if np.isfinite(soft := track["clip_soft"]):
        said += f", as a square root above {soft:g}"
    if np.isfinite(clip := track["clip"]):
        said += f", at most {clip:g}"
    if track["scale"] != 1:
        said += f", × {track['scale']:g}"
    return f"coverage ({said})"


def position_functions(model: nn.Module, data: SequenceDataset) -> xr.DataArray | None:
    """Give the position functions of a model's heads at all offsets; None where it has none.

    Args:
        model: the model.
        data: what it reads; f is given for offsets within its length.
    """
    layers = _position_functions(model)
    if not layers:
        return None
    positions = data.length // data.bin_size
    step = _step(positions)
    farthest = (positions - 1) // step
    offsets = step * torch.arange(-farthest, farthest + 1.0)
    device = device_of(model)
    with torch.no_grad():
        found = [layer.profile(offsets.to(device)).float().cpu().numpy() for layer in layers]
    return xr.DataArray(
        np.concatenate(found),
        {"head": _head_names([len(f) for f in found]), "offset": offsets.numpy() * data.bin_size},
        ("head", "offset"),
        attrs={"role": _role(model)},
    )


def _position_functions(model: nn.Module) -> list[PositionFunction]:
    return [module for module in model.modules() if isinstance(module, PositionFunction)]


def _step(positions: int) -> int:
    """Say how many offsets are shown as one, so that a figure has about a thousand on each side."""
    return -(-positions // _SHOWN)


def _role(model: nn.Module) -> str:
    scaled = getattr(model.settings, "score", "") == "scaled"
    return "is added to" if scaled else "multiplies"


def _head_names(heads: list[int]) -> list[str]:
    """Name the heads of all layers."""
    return [
        f"head {head + 1}" if len(heads) == 1 else f"layer {layer + 1}, head {head + 1}"
        for layer, count in enumerate(heads)
        for head in range(count)
    ]


@torch.no_grad()
def attention_of(model: nn.Module, regions: SequenceDataset) -> tuple[xr.Dataset | None, list[str]]:
    """Give how much attention lies at each offset, mean over bins and the first of the regions.

    Returns:
        The attention, as the report takes it, None where there is none; and why it is not shown.
    """
    positions = regions.length // regions.bin_size
    heads = sum(layer.heads for layer in _position_functions(model))
    if heads * positions**2 > _WEIGHTS:
        return None, [
            f"Attention is not shown: {heads} heads on {positions:,} bins have more weights than "
            "fit in memory."
        ]
    device, total = device_of(model), list[Tensor]()
    for region in range(count := min(ATTENDED, len(regions))):
        sequence = one_hot(torch.from_numpy(regions.read(region)[0]).to(device))
        layers = cast(SequenceModel, model.eval()).attend(sequence[None]).attention
        if not layers:
            return None, []
        found = [by_offset(weights[0].float()) / count for weights in layers]
        total = [a + b for a, b in zip(total, found, strict=True)] if total else found
    names = _head_names([len(layer) for layer in total])
    offsets = np.arange(1 - positions, positions)
    whole = xr.Dataset(
        {
            "mass": (("head", "offset"), torch.cat(total).cpu().numpy()),
            "even": (("offset",), (positions - np.abs(offsets)) / positions**2),
        },
        {"head": names, "offset": offsets},
        {"regions": count},
    )
    step = _step(positions)
    nearest = np.round(offsets / step).astype(int) * step
    grouped = whole.groupby(xr.DataArray(nearest, dims="offset", name="near")).sum()
    named = grouped.rename(near="offset").transpose(..., "offset")
    return named.assign_coords(offset=named["offset"] * regions.bin_size), []


def by_offset(
    weights: Float[Tensor, "head position position"],
) -> Float[Tensor, "head offset"]:
    """Give the share of the attention at each offset of the bin attended to, the lowest first.

    >>> by_offset(torch.tensor([[[0.25, 0.75], [1.0, 0.0]]]))
    tensor([[0.5000, 0.1250, 0.3750]])
    """
    bins = weights.shape[2]
    # In rows of one number less, each row lies one place farther to the right than the one above.
    skewed = functional.pad(weights.flip(1), (0, bins)).flatten(1)[:, :-bins]
    return skewed.reshape(-1, bins, 2 * bins - 1).sum(dim=1) / bins
