"""How much of what distant enhancers do to promoters a model has learned, where the truth is known.

A simulated dataset knows the rate of each promoter and the local rate, that without enhancers. How
much of the gain log(rate / local rate) a model explains is measured at the bin of the TSS, in the
CAGE track of the promoter's strand: the partial correlation of the gain and the log prediction,
with the log local rate taken out of both.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64
from torch import nn

from attendome.data import SequenceDataset
from attendome.errors import DataError
from attendome.evaluation.paired_tests import interval
from attendome.evaluation.resampling import draw_weights
from attendome.evaluation.scores import Estimate
from attendome.training.sequence.inference import predict_regions

_COLUMNS = ("region", "kind", "position", "strand", "strength", "rate", "local_rate")
_TRACKS = ("CAGE+", "CAGE-")


@dataclass(frozen=True)
class DistalScores:
    """Partial correlations over the promoters of a split, each with a bootstrap 95% interval.

    Attributes:
        near: of the gain, over promoters whose enhancers are all near, and those without any.
        far: the same for far.
        local: of the local rate instead, with the gain taken out, over all promoters.
    """

    near: Estimate
    far: Estimate
    local: Estimate


def promoters(data: SequenceDataset) -> pd.DataFrame:
    """Give the promoters of a simulated dataset.

    Returns:
        A row per promoter: ``region`` (its number in the dataset), ``bin`` and ``track`` (numbers)
        where its TSS is read, ``local`` (log local rate), ``gain`` (log of rate / local rate), and
        whether it has enhancers ``near`` and ``far``.

    Raises:
        DataError: the dataset is not simulated.
    """
    content = data.xarray
    if "element_kind" not in content or len(data) != content["element_region"].max() + 1:
        raise DataError(
            f"{data.name}: expected a whole simulated dataset with its truth; make one with: "
            "attendome simulate sequence"
        )
    elements = pd.DataFrame({name: content[f"element_{name}"].to_numpy() for name in _COLUMNS})
    reach, driven = (content[f"pair_{name}"].to_numpy() for name in ("reach", "promoter"))
    place, names = elements["position"] - data.crop, data.tracks.index.tolist()
    table = pd.DataFrame(
        {
            "region": elements["region"],
            "bin": place // data.bin_size,
            "track": np.where(elements["strand"] == "+", *map(names.index, _TRACKS)),
            "local": np.log(elements["local_rate"]),
            "gain": np.log(elements["rate"] / elements["local_rate"]),
            "near": elements.index.isin(driven[reach == "near"]),
            "far": elements.index.isin(driven[reach == "far"]),
        }
    )
    return table[elements["kind"] == "promoter"].reset_index(drop=True)


def distal_scores(
    model: nn.Module, data: SequenceDataset, split: str = "test", *, seed: int = 0
) -> DistalScores:
    """Measure what a model explains of the gain of the promoters of a split.

    The intervals are percentiles 2.5 and 97.5 over 1,000 bootstrap resamples of the regions.

    Args:
        model: a sequence model.
        data: a whole simulated dataset.
        split: whose promoters.
        seed: seed of the bootstrap.

    Raises:
        DataError: the dataset is not simulated, or no region is in the split.
    """
    table = promoters(data)
    numbers = np.flatnonzero(data.regions["split"] == split)
    table = table[table["region"].isin(numbers)]
    table = table.assign(region=np.searchsorted(numbers, table["region"]), predicted=0.0)
    for regions, predicted, _ in predict_regions(model, data.split(split)):
        rates = predicted.double().log().cpu().numpy()
        for region, of_region in zip(regions.tolist(), rates, strict=True):
            chosen = table["region"] == region
            at = table.loc[chosen]
            table.loc[chosen, "predicted"] = of_region[at["bin"], at["track"]]
    return DistalScores(
        near=_partial(table[~table["far"]], "gain", "local", seed),
        far=_partial(table[~table["near"]], "gain", "local", seed),
        local=_partial(table, "local", "gain", seed),
    )


def _partial(table: pd.DataFrame, explained: str, taken_out: str, seed: int) -> Estimate:
    """Give the partial correlation of the prediction with one column, another taken out."""
    if len(table) < 3:
        return Estimate(None, None, None, "not defined: fewer than three such promoters")
    columns = table[["predicted", explained, taken_out]]
    values = np.column_stack([np.ones(len(table)), columns - columns.mean()])
    regions = table["region"].to_numpy()
    moments = np.zeros((regions.max() + 1, 4, 4))
    np.add.at(moments, regions, values[:, :, None] * values[:, None, :])
    drawn = draw_weights(len(moments), seed).T
    weights = np.vstack([np.ones((1, len(moments))), drawn])
    found = _from_moments(np.einsum("sr,rij->sij", weights, moments))
    return Estimate(float(found[0]), *interval(found[1:]))


def _from_moments(
    moments: Float64[np.ndarray, "resample 4 4"],
) -> Float64[np.ndarray, " resample"]:
    """Give the partial correlations of the first two columns from sums of products with 1."""
    total, number = moments[:, 0, 1:], moments[:, :1, :1]
    covariance = number * moments[:, 1:, 1:] - total[:, :, None] * total[:, None, :]
    known = covariance[:, 2:, 2:]
    taken_out = covariance[:, :2, 2:] * covariance[:, 2:, :2] / np.where(known > 0, known, np.inf)
    left = covariance[:, :2, :2] - taken_out
    spread = np.sqrt((left[:, 0, 0] * left[:, 1, 1]).clip(min=0))  # rounding goes below 0
    correlations: Float64[np.ndarray, " resample"] = np.zeros(len(left))
    np.divide(left[:, 0, 1], spread, out=correlations, where=spread > 0)
    return correlations
