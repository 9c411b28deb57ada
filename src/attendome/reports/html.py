"""Write the report: figures, tables and arrays in one HTML file that opens offline."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import xarray as xr

from attendome.models.readout import Readout
from attendome.models.registry import models_with_attention
from attendome.reports import figures, importance
from attendome.reports.content import ReportContent
from attendome.reports.figures import Labels, Probabilities
from attendome.reports.packing import SHARE_STEPS, pack_map, pack_numbers, pack_shares
from attendome.reports.page import write_page

SCORES = {
    "auroc": "AUROC",
    "auprc": "AUPRC (average precision)",
    "accuracy": "Accuracy",
    "f1": "F1",
    "mcc": "Matthews correlation",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "brier_uncalibrated": "Brier score before calibration",
    "calibration_error_uncalibrated": "Calibration error before calibration",
    "pearson": "Pearson's correlation",
    "spearman": "Spearman's rank correlation",
    "r2": "R² (coefficient of determination)",
}
COLOURS = {
    "signal": "#56B4E9",
    "alpha": "#009E73",
    "beta": "#009E73",
    "size": "#CC79A7",
    "more": figures.ON,
    "less": figures.OFF,
}
"""Of the gene page: what has a sign is red above 0, blue below."""
MAPS_LIMIT = 40_000_000
"""Bytes of a page that maps of importance may take, beside signal and attention."""


def write_report(content: ReportContent, path: Path) -> None:
    """Write the report to ``path``, replacing what stands there."""
    layers, too_large = _layers(content)
    write_page(
        "report.html.j2",
        path,
        _figures(content),
        content=content,
        scores=_scores(content),
        genes=_genes(content) | {"layers": layers},
        too_large=too_large,
        maps_limit=MAPS_LIMIT // 1_000_000,
        settings={name: _settings(found) for name, found in content.explanations.maps.items()},
        heat_map_genes=min(importance.CLUSTERED, content.maps.sizes["gene"]),
        models_with_attention=models_with_attention(),
    )


def _layers(content: ReportContent) -> tuple[list[dict[str, Any]], list[str]]:
    """Give the maps that the gene browser shows, and the methods whose map would not fit."""
    layers, too_large, size = list[dict[str, Any]](), list[str](), 0
    for name, found in content.explanations.maps.items():
        packed = pack_map(found["importance"].to_numpy())
        more = sum(map(len, packed.values()))
        if size + more > MAPS_LIMIT:
            too_large.append(name)
            continue
        size += more
        unit, signed = importance.wrapped(found.attrs["unit"]), bool(found.attrs["signed"])
        layers.append({"name": name, "unit": unit, "signed": signed} | packed)
    return layers, too_large


def _settings(found: xr.Dataset) -> str:
    """Say how maps were made, such as ``steps = 50``."""
    values = json.loads(found.attrs["method_settings"])
    said = [f"{name} = {value}" for name, value in values.items()]
    if "completeness_error" in found.attrs:
        error = found.attrs["completeness_error"]
        said.append(f"sums miss the change of the prediction by {error:.0%}")
    return ", ".join(said)


def _scores(content: ReportContent) -> list[tuple[str, dict[str, Any]]]:
    """Give the scores with their names; those before calibration only where there was one."""
    rows = {name: row for name, row in content.metrics.items() if name in SCORES}
    if content.readout == Readout():
        rows = {name: row for name, row in rows.items() if not name.endswith("_uncalibrated")}
    return [(SCORES[name], row) for name, row in rows.items()]


def _figures(content: ReportContent) -> dict[str, go.Figure]:
    maps = content.maps
    made = {}
    if "alpha" in maps:
        made["alpha"] = figures.mean_alpha(maps)
        if content.unseen is not None and (beside := importance.alpha_beside(maps, content.unseen)):
            made["alpha-beside"] = beside
    if "beta" in maps:
        made["beta"] = figures.beta_by_mark(maps)
        made["beta-genes"] = importance.beta_heat_map(maps)
    explained = content.explanations
    for name, found in explained.maps.items():
        made[f"importance-{name}"] = importance.mean_importance(found, maps)
    if explained.maps:
        made["marks"] = importance.mark_shares(explained.maps, maps)
    if explained.patterns is not None:
        made["patterns"] = importance.class_patterns(explained.patterns, maps)
    if content.readout.target == "expression":
        observed, predicted = maps["observed_expression"], maps["predicted_expression"]
        unit = content.metrics["unit"]
        made["scatter"] = figures.scatter(observed.to_numpy(), predicted.to_numpy(), unit)
    else:
        made |= _curves(maps["label"].to_numpy(), maps["probability"].to_numpy(), content.readout)
    if content.history is not None and len(content.history) > 1 and content.best_epoch:
        made["history"] = figures.history(content.history, content.best_epoch)
    return made


def _curves(labels: Labels, probabilities: Probabilities, readout: Readout) -> dict[str, go.Figure]:
    if labels.sum() in (0, len(labels)):
        return {}
    curves = {"model": probabilities}
    if readout != Readout():
        curves["before calibration"] = readout.uncalibrated(probabilities)
    return {
        "roc": figures.roc(labels, probabilities),
        "precision-recall": figures.precision_recall(labels, probabilities),
        "calibration": figures.calibration(labels, curves),
    }


def _genes(content: ReportContent) -> dict[str, Any]:
    """Give what the gene browser needs, in plain values; α and β are None where there are none."""
    maps = content.maps
    columns = ("gene", "gene_name", "chrom", "tss", "strand")
    if content.readout.target == "label":
        titles = ["Label", "Probability of on"]
        known = ["on" if label else "off" for label in maps["label"].to_numpy()]
    else:
        titles = [f"{which} {content.metrics['unit']}" for which in ("Observed", "Predicted")]
        known = maps["observed_expression"].to_numpy().tolist()
    return {
        "known": known,
        "known_title": titles[0],
        "predicted_title": titles[1],
        "columns": {name: maps[name].to_numpy().tolist() for name in columns},
        "marks": maps["mark"].to_numpy().tolist(),
        "position": (maps["bin_start"] + maps.attrs["bin_size"] / 2).to_numpy().tolist(),
        "position_title": figures.position_title(maps.attrs["oriented"]),
        "predicted": pack_numbers(maps[content.readout.column].to_numpy()),
        "signal": pack_numbers(content.signal),
        **{
            name: pack_shares(maps[name].to_numpy()) if name in maps else None
            for name in ("alpha", "beta")
        },
        "removal": _removal(content),
        "share_steps": SHARE_STEPS,
        "colours": COLOURS,
    }


def _removal(content: ReportContent) -> dict[str, Any] | None:
    """Give what removing each mark takes from each prediction, where that is stored."""
    found = content.explanations.maps.get("occlusion")
    if found is None:
        return None
    return {
        "unit": found.attrs["unit"],
        "values": pack_numbers(found["mark_importance"].to_numpy()),
    }
