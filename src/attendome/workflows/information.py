"""Say what a dataset or a run folder holds."""

from pathlib import Path
from typing import Any

from attendome import __version__
from attendome.data import ChromatinDataset, SequenceDataset, open_dataset
from attendome.data.splits import SPLITS
from attendome.errors import DataError, SettingsError
from attendome.evaluation.quality import Quality, assess
from attendome.models.descriptions import ChromatinDescription
from attendome.outputs import check_new
from attendome.reports.quality import QualityContent, write_quality
from attendome.workflows.configuration import CONFIG
from attendome.workflows.run import Run, open_run
from attendome.workflows.sequence_information import describe_input, describe_sequence


def describe(
    path: str | Path, *, report: str | Path | None = None, force: bool = False
) -> dict[str, Any]:
    """Describe a dataset or a run folder in plain values.

    Args:
        path: the dataset or run folder.
        report: where to write a page about the quality of the dataset; none by default.
        force: replace ``report`` where it exists.

    Raises:
        DataError: there is nothing at ``path``, or neither a dataset nor a run, or ``report``
            exists.
        RunError: the run is not finished or damaged.
        SettingsError: ``report`` is given for a run or a sequence dataset.
    """
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"{folder}: no such dataset or run folder.")
    if (folder / CONFIG).is_file():
        if report:
            raise SettingsError(
                f"{folder}: expected a dataset to report the quality of, found a run folder; for "
                f"the report of a run: attendome report {folder}"
            )
        return _describe_run(folder)
    if report:
        check_new(Path(report), force=force)
    data = open_dataset(folder)
    if isinstance(data, SequenceDataset):
        if report:
            raise SettingsError(f"{folder}: the quality page is of chromatin datasets only.")
        return describe_sequence(data)
    quality = assess(data)
    content = _describe_dataset(data, quality)
    if report:
        _report_quality(data, quality, content, Path(report))
    return content


def _describe_run(folder: Path) -> dict[str, Any]:
    run = open_run(folder)
    return {
        "kind": "run",
        "task": "chromatin" if isinstance(run, Run) else "sequence",
        "model": run.config.model,
        "data": list(run.config.data),
        **(_takes(run.description) if isinstance(run, Run) else describe_input(run)),
        "settings": run.config.settings,
        "metrics": run.last_scores(),
    }


def _takes(description: ChromatinDescription) -> dict[str, Any]:
    return {
        "marks": list(description.marks),
        "bins": description.bins,
        "bin_size": description.bin_size,
    }


def _describe_dataset(data: ChromatinDataset, quality: Quality) -> dict[str, Any]:
    genes = data.genes
    splits = {}
    for name in SPLITS:
        part = genes[genes["split"] == name]
        counts = {"genes": len(part)}
        if "label" in part:
            counts |= {"on": int(part["label"].sum()), "off": int((part["label"] == 0).sum())}
        splits[name] = counts
    return {
        "kind": "chromatin",
        "cell_type": data.cell_type,
        "assembly": data.xarray.attrs["assembly"],
        "genes": len(genes),
        "bins": data.bins,
        "bin_size": data.bin_size,
        "oriented": data.oriented,
        "label_rule": data.xarray.attrs["label_rule"],
        "expression": "expression" in data.xarray,
        "expression_scale": data.expression_scale if "expression" in data.xarray else None,
        "truth": data.xarray.attrs.get("truth"),
        "splits": splits,
        "leak": {name: data.leak(name) for name in ("valid", "test")},
        "marks": {
            name: {"mean": mark.mean, "max": mark.max, "zero": mark.zero}
            for name, mark in quality.marks.items()
        },
        "quality": quality.to_dict(),
        "sources": data.xarray.attrs["sources"],
        "fingerprint": data.fingerprint(),
    }


def _listed(settings: dict[str, Any]) -> str:
    flat = settings | settings.get("counting", {})
    return ", ".join(f"{key} = {value}" for key, value in flat.items() if key != "counting")


def _report_quality(
    data: ChromatinDataset, quality: Quality, content: dict[str, Any], path: Path
) -> None:
    order = "5'→3' on both strands" if data.oriented else "in genome order on both strands"
    build = data.xarray.attrs.get("build")
    facts = {
        "Dataset": str(data.path),
        "Cell type": f"{data.cell_type} (assembly: {content['assembly']})",
        "Genes": ", ".join(f"{row['genes']:,} {name}" for name, row in content["splits"].items()),
        "Bins": f"{data.bins} × {data.bin_size} bp around the TSS, {order}",
        "Labels": content["label_rule"],
        "Expression": content["expression_scale"] or "none",
        "SHA-256": content["fingerprint"],
    }
    if build:
        padded = build.get("padded_windows")  # not known of a dataset made from two
        facts |= {
            "Settings": _listed(build["settings"]),
            "Padded windows": "" if padded is None else f"{padded:,}",
            "Notes": " ".join(build["notes"]),
        }
    write_quality(
        QualityContent(
            title=f"{data.cell_type or data.name}: quality",
            facts={label: text for label, text in facts.items() if text}
            | {"Versions": f"attendome {__version__}"},
            quality=quality,
            sources=content["sources"],
            genes_left_out=build["genes_left_out"] if build else None,
        ),
        path,
    )
