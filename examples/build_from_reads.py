"""From reads, genes and expression to a dataset, its quality, a model and a report.

Makes small files of its own to start from: a GTF, tagAlign files of two marks and a control, and a
table of expression. Genes that are on have H3K4me3 around their TSS and H3K36me3 behind it.

python examples/build_from_reads.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import attendome as ad
from attendome.workflows.information import describe

GENES, SPACING, READ = 400, 20_000, 36

folder = Path(sys.argv[1])
folder.mkdir(parents=True)
generator = np.random.default_rng(1)

genes = pd.DataFrame(
    {
        "gene": [f"ENSG{number:011}" for number in range(GENES)],
        "chrom": np.repeat(["chr1", "chr2", "chr3", "chr4"], GENES // 4),
        "tss": np.tile(np.arange(1, GENES // 4 + 1) * SPACING, 4),
        "strand": generator.choice(["+", "-"], GENES),
        "on": generator.random(GENES) < 0.5,
    }
)


def write_genes(path: Path) -> None:
    """Write GTF: 1-based, the end included."""
    with path.open("w") as file:
        for row in genes.itertuples():
            first = row.tss + 1 if row.strand == "+" else row.tss + 1 - 5000
            about = f'gene_id "{row.gene}.1"; gene_type "protein_coding"; gene_name "G{row.Index}";'
            place = (first, first + 5000, ".", row.strand, ".", about)
            print(row.chrom, "example", "gene", *place, sep="\t", file=file)


def write_reads(path: Path, centre: float, spread: float, on: int, background: int) -> None:
    """Write tagAlign: around each gene that is on, so many reads about a place 5'→3' of its TSS."""
    rows = []
    for row in genes.itertuples():
        places = generator.integers(-8000, 8000, background)
        if row.on:
            places = np.append(places, generator.normal(centre, spread, on).astype(int))
        sign = 1 if row.strand == "+" else -1
        rows += [(row.chrom, row.tss + sign * place) for place in places.tolist()]
    table = pd.DataFrame(rows, columns=["chrom", "start"]).assign(name="N", score=1000)
    table.insert(2, "end", table["start"] + READ)
    table["strand"] = generator.choice(["+", "-"], len(table))
    table.to_csv(path, sep="\t", header=False, index=False)


write_genes(folder / "genes.gtf")
write_reads(folder / "H3K4me3.tagAlign.gz", centre=200, spread=600, on=60, background=40)
write_reads(folder / "H3K36me3.tagAlign.gz", centre=3500, spread=1500, on=60, background=40)
write_reads(folder / "input.tagAlign.gz", centre=0, spread=1, on=0, background=60)
expression = np.where(
    genes["on"], generator.lognormal(3, 1, GENES), generator.lognormal(-1, 1, GENES)
)
pd.DataFrame({"gene": genes["gene"], "cells": expression}).to_csv(folder / "rpkm.csv", index=False)

files = {
    "genes": folder / "genes.gtf",
    "signal": {mark: [folder / f"{mark}.tagAlign.gz"] for mark in ("H3K4me3", "H3K36me3")},
    "control": [folder / "input.tagAlign.gz"],
    "expression": folder / "rpkm.csv",
    "cell_type": "cells",
}
data = ad.build_chromatin(folder / "cells.zarr", files, {"bin_size": 500, "window": 10_000})
print(f"{len(data.genes)} genes × {len(data.marks)} marks × {data.bins} bins")

quality = describe(folder / "cells.zarr", report=folder / "quality.html")["quality"]
for warning in quality["warnings"]:
    print(f"warning: {warning}")

settings = {"learning_rate": 5e-3, "epochs": 8}
run = ad.train(data, model="attentive-chrome", out=folder / "run", settings=settings, seed=1)
auroc = run.evaluate(split="test").auroc
print(f"test AUROC: {auroc.value:.3f} (95% interval {auroc.low:.3f} to {auroc.high:.3f})")
print(f"report: {run.report()}")
