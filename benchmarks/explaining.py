"""Time explanations of many genes by attentive-chrome, and removal of cells against the naive way.

The model is not trained: time does not depend on that. Attention is of all genes; integrated
gradients (50 steps) and occlusion are of fewer, their time scaled up in proportion. The naive way
of occlusion removes one cell of one gene at a time; both ways must agree.

Prints JSON: seconds for all genes, and the ratio of both ways of occlusion.

    python benchmarks/explaining.py
"""

import argparse
import json
import time

import numpy as np
import torch
import xarray as xr

import attendome as ad
from attendome.data.simulation import SimulationSettings
from attendome.models.attentive_chrome import AttentiveChromeSettings
from attendome.models.descriptions import ChromatinDescription
from attendome.workflows.explaining import explain

OCCLUDED = ("importance", "mark_importance", "bin_importance")


def first(data: ad.ChromatinDataset, genes: int) -> ad.ChromatinDataset:
    """Give the first genes."""
    return ad.ChromatinDataset(data.xarray.isel(gene=slice(0, genes)))


@torch.no_grad()
def naive_occlusion(model: torch.nn.Module, signal: torch.Tensor) -> list[torch.Tensor]:
    """Remove each cell, mark and bin of each gene in turn."""
    genes, marks, bins = signal.shape
    cells = torch.eye(marks * bins, dtype=torch.bool).view(-1, marks, bins)
    by_mark = cells.view(marks, bins, marks, bins)
    removals = (cells, by_mark.any(dim=1), by_mark.any(dim=0))
    predicted = [model(gene[None]).prediction for gene in signal]
    lost = [
        [
            prediction - model(gene.masked_fill(gone, 0)[None]).prediction
            for gene, prediction in zip(signal, predicted, strict=True)
            for gone in some
        ]
        for some in removals
    ]
    return [torch.cat(values).view(genes, -1) for values in lost]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--genes", type=int, default=6600)
    parser.add_argument("--fewer", type=int, default=256, help="genes that are measured and scaled")
    parser.add_argument("--naive-genes", type=int, default=4)
    given = parser.parse_args()
    data = ad.simulate_chromatin(SimulationSettings(genes=given.genes, bins=100))
    torch.manual_seed(0)
    settings = AttentiveChromeSettings(transform="log1p", initialisation="pytorch")
    model = ad.AttentiveChrome(len(data.marks), data.bins, settings).eval()
    description = ChromatinDescription(
        model="attentive-chrome",
        settings=settings.model_dump(),
        marks=tuple(data.marks),
        bins=data.bins,
        bin_size=data.bin_size,
        oriented=data.oriented,
    )

    def seconds(method: str, genes: int) -> tuple[float, xr.Dataset]:
        begin = time.perf_counter()
        maps = explain(model, description, first(data, genes), method)
        return (time.perf_counter() - begin) * given.genes / genes, maps

    ours, maps = seconds("occlusion", given.fewer)
    begin = time.perf_counter()
    signal = torch.from_numpy(data.signal.to_numpy()[: given.naive_genes])
    naive = naive_occlusion(model, signal)
    naive_seconds = (time.perf_counter() - begin) * given.genes / given.naive_genes
    for name, values in zip(OCCLUDED, naive, strict=True):
        found = maps[name][: given.naive_genes].to_numpy().reshape(values.shape)
        np.testing.assert_allclose(found, values, atol=1e-5)
    figures = {
        "genes": given.genes,
        "measured_genes": given.fewer,
        "naive_genes": given.naive_genes,
        "threads": torch.get_num_threads(),
        "attention_seconds": seconds("attention", given.genes)[0],
        "integrated_gradients_seconds": seconds("integrated-gradients", given.fewer)[0],
        "occlusion_seconds": ours,
        "naive_occlusion_seconds": naive_seconds,
        "occlusion_ratio": naive_seconds / ours,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
