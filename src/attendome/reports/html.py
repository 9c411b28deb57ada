"""Write the report: figures, tables and arrays in one HTML file that opens offline."""

from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from attendome.models.registry import models_with_attention
from attendome.reports import figures
from attendome.reports.content import ReportContent
from attendome.reports.packing import SHARE_STEPS, pack_numbers, pack_shares
from attendome.reports.page import write_page

_SCORES = {
    "auroc": "AUROC",
    "auprc": "AUPRC (average precision)",
    "accuracy": "Accuracy",
    "f1": "F1",
    "mcc": "Matthews correlation",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
}


def write_report(content: ReportContent, path: Path) -> None:
    """Write the report to ``path``, replacing what stands there."""
    write_page(
        "report.html.j2",
        path,
        _figures(content),
        content=content,
        scores=[(label, content.metrics[name]) for name, label in _SCORES.items()],
        genes=_genes(content),
        models_with_attention=models_with_attention(),
    )


def _figures(content: ReportContent) -> dict[str, go.Figure]:
    maps = content.maps
    made = {}
    if "alpha" in maps:
        made["alpha"] = figures.mean_alpha(maps)
    if "beta" in maps:
        made["beta"] = figures.beta_by_mark(maps)
    labels, probabilities = maps["label"].to_numpy(), maps["probability"].to_numpy()
    if 0 < labels.sum() < len(labels):
        made["roc"] = figures.roc(labels, probabilities)
        made["precision-recall"] = figures.precision_recall(labels, probabilities)
        made["calibration"] = figures.calibration(labels, probabilities)
    if content.history is not None and len(content.history) > 1 and content.best_epoch:
        made["history"] = figures.history(content.history, content.best_epoch)
    return made


def _genes(content: ReportContent) -> dict[str, Any]:
    """Give what the gene browser needs, in plain values; α and β are None where there are none."""
    maps = content.maps
    columns = ("gene", "gene_name", "chrom", "tss", "strand", "label")
    return {
        "columns": {name: maps[name].to_numpy().tolist() for name in columns},
        "marks": maps["mark"].to_numpy().tolist(),
        "position": (maps["bin_start"] + maps.attrs["bin_size"] / 2).to_numpy().tolist(),
        "position_title": figures.position_title(maps.attrs["oriented"]),
        "probability": pack_numbers(maps["probability"].to_numpy()),
        "signal": pack_numbers(content.signal),
        **{
            name: pack_shares(maps[name].to_numpy()) if name in maps else None
            for name in ("alpha", "beta")
        },
        "share_steps": SHARE_STEPS,
        "colours": {"alpha": figures.ON, "signal": "#56B4E9", "beta": figures.OFF},
    }
