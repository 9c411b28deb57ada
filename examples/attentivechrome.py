"""The Python walk-through on simulated data: train, score, predict, explain, report.

python examples/attentivechrome.py FOLDER
"""

import sys
from pathlib import Path

import attendome as ad
from attendome.workflows.simulating import simulate

folder = Path(sys.argv[1])
folder.mkdir(parents=True)

# A dataset in which three of five marks drive expression, each at known positions. For files in
# AttentiveChrome's layout: data = ad.import_attentivechrome("E123", folder / "E123.zarr")
data = simulate(folder / "data.zarr", {"genes": 1000, "bins": 20, "bin_size": 500, "seed": 1})
print(f"{len(data.genes)} genes × {len(data.marks)} marks × {data.bins} bins")
print(f"test windows that overlap a training window: {data.leak('test')['overlapping']}")

settings = {"learning_rate": 3e-3, "epochs": 12}
run = ad.train(data, model="attentive-chrome", out=folder / "run", settings=settings, seed=1)
print(f"best epoch: {run.training_summary()}")

auroc = run.evaluate(split="test").auroc
print(f"test AUROC: {auroc.value:.3f} (95% interval {auroc.low:.3f} to {auroc.high:.3f})")

table = run.predict(data.split("test"))  # one row per gene
print(table[["gene", "probability"]].head(3).to_string(index=False))

maps = run.explain(data)  # an xarray.Dataset: alpha[gene, mark, bin], beta[gene, mark]
for mark in data.marks:
    peak = maps["alpha"].sel(mark=mark).mean("gene").argmax("bin").item()
    start = maps["bin_start"][peak].item()
    print(f"{mark}: mean α is highest in the bin that starts {start:+d} bp from the TSS")

print(f"report: {run.report()}")
