"""Build a chromatin dataset from files: annotation, signal of each mark, expression."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.expression import read_expression
from attendome.data.labels import label
from attendome.data.measuring import Measured, Probe, Progress, measure, probe
from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.data.splits import assign, check_rule
from attendome.errors import DataError
from attendome.genome.annotation import OTHER_TYPE, read_genes
from attendome.genome.bins import BinGrid


@dataclass(frozen=True)
class _Genes:
    table: pd.DataFrame
    label_rule: str
    sources: list[dict[str, Any]]
    left_out: dict[str, int]


@dataclass(frozen=True)
class _Signal:
    values: Float[np.ndarray, "gene mark bin"]
    chromosomes: set[str]
    sources: list[dict[str, Any]]


def build(
    files: ChromatinFiles,
    settings: BuildSettings,
    progress: Progress = lambda _file, _count: None,
) -> ChromatinDataset:
    """Build the dataset of one cell type.

    A gene is left out, and counted, where it has no expression, is on a chromosome that a signal
    file does not have, or, with ``missing="drop"``, has a bin without a covered base. Labels are
    made before that: the median is the one of all genes with an expression.

    Args:
        files: the files.
        settings: how the dataset is built.
        progress: called with a file and the number of records read since the last call.

    Raises:
        SettingsError: the settings do not fit the files.
        DataError: a file is missing, damaged, malformed, or does not fit the others.
    """
    chosen = _choose_genes(files, settings)
    chromosomes = [str(name) for name in chosen.table["chrom"].unique()]
    known = probe(files, settings, chromosomes)
    _check_places(chosen.table, known, files.genes)
    check_rule(chosen.table, settings.split)
    grid = _grid(chosen.table, chromosomes, settings)
    signal = _measure_marks(files, grid, chromosomes, known, settings, progress)
    kept, left_out = _keep(chosen, signal, settings)
    genes, values = chosen.table[kept], signal.values[kept].astype(np.float32)
    if settings.oriented:
        reverse = (genes["strand"] == "-").to_numpy()
        values[reverse] = values[reverse, :, ::-1]
    return assemble(
        values,
        genes.assign(split=_split(genes, settings.split, left_out)),
        list(files.signal),
        {
            "cell_type": files.cell_type,
            "assembly": known.assembly,
            "bin_size": settings.bin_size,
            "oriented": settings.oriented,
            "label_rule": chosen.label_rule,
            "sources": [*chosen.sources, *signal.sources],
            "build": {
                "settings": settings.model_dump(mode="json"),
                "files": files.told(),
                "genes_left_out": left_out,
                "padded_windows": _padded(genes, known, settings.window),
                "notes": _notes(signal.sources, genes, known),
            },
        },
    )


def _choose_genes(files: ChromatinFiles, settings: BuildSettings) -> _Genes:
    annotation = read_genes(files.genes, gene_type=settings.gene_type, feature=settings.feature)
    sources = [{"role": "genes"} | annotation.source]
    left_out = {why: n for why, n in annotation.left_out.items() if why != OTHER_TYPE}
    if not files.expression:
        return _Genes(annotation.genes, "none", sources, left_out)
    expression = read_expression(files.expression, files.column, annotation, files.cell_type)
    labels, words = label(expression.values, settings.label_rule)
    genes = annotation.genes.loc[expression.values.index]
    return _Genes(
        table=genes.assign(expression=expression.values, label=labels),
        label_rule=words,
        sources=[*sources, {"role": "expression"} | expression.source],
        left_out=left_out | {"no expression": expression.without},
    )


def _check_places(genes: pd.DataFrame, known: Probe, annotation: Path) -> None:
    beyond = genes[genes["tss"] >= genes["chrom"].map(known.lengths).fillna(np.inf)]
    if len(beyond):
        gene = beyond.iloc[0]
        raise DataError(
            f"{annotation}: {len(beyond)} genes lie beyond the end of their chromosome, such as "
            f"{beyond.index[0]} at {gene['chrom']}:{gene['tss']}, which is "
            f"{known.lengths[gene['chrom']]:,} bp long (assembly {known.assembly}). The annotation "
            "must be of the same assembly as the signal."
        )


def _grid(genes: pd.DataFrame, chromosomes: list[str], settings: BuildSettings) -> BinGrid:
    numbers = {name: number for number, name in enumerate(chromosomes)}
    return BinGrid(
        chrom=genes["chrom"].map(numbers).to_numpy(np.int64),
        start=genes["tss"].to_numpy(np.int64) - settings.window // 2,
        bins=settings.window // settings.bin_size,
        bin_size=settings.bin_size,
    )


def _measure_marks(
    files: ChromatinFiles,
    grid: BinGrid,
    chromosomes: list[str],
    known: Probe,
    settings: BuildSettings,
    progress: Progress,
) -> _Signal:
    def measured(paths: tuple[Path, ...]) -> Measured:
        return measure(paths, grid, chromosomes, known, settings, progress)

    control = measured(files.control) if files.control else None
    marks = {mark: measured(paths) for mark, paths in files.signal.items()}
    sources = [
        {"role": "signal", "mark": mark} | source
        for mark, part in marks.items()
        for source in part.sources
    ]
    parts = list(marks.values())
    values = [part.values for part in parts]
    if control:
        sources += [{"role": "control"} | source for source in control.sources]
        scaled = [control.values * (part.depth / max(control.depth, 1)) for part in parts]
        values = [np.maximum(v - own, 0) for v, own in zip(values, scaled, strict=True)]
        parts = [*parts, control]
    shared = set.intersection(*(part.chromosomes for part in parts))
    return _Signal(np.stack(values, axis=1), shared, sources)


def _keep(
    chosen: _Genes, signal: _Signal, settings: BuildSettings
) -> tuple[Bool[np.ndarray, " gene"], dict[str, int]]:
    """Tell which genes are kept, and how many are not, by reason."""
    absent = ~chosen.table["chrom"].isin(signal.chromosomes).to_numpy(bool)
    bare = np.isnan(signal.values).any(axis=(1, 2)) & (settings.missing == "drop") & ~absent
    left_out = chosen.left_out | {
        "on a chromosome that a signal file does not have": int(absent.sum()),
        "a bin that no signal file covers": int(bare.sum()),
    }
    left_out = {reason: count for reason, count in left_out.items() if count}
    kept = ~(absent | bare)
    if not kept.any():
        raise DataError(f"No gene is left. Left out: {_listed(left_out)}.")
    return kept, left_out


def _split(genes: pd.DataFrame, rule: str, left_out: dict[str, int]) -> pd.Series:
    try:
        return assign(genes, rule)
    except DataError as error:
        if not left_out:
            raise
        raise DataError(
            f"{error} There are {len(genes)} genes. Left out: {_listed(left_out)}."
        ) from error


def _listed(left_out: dict[str, int]) -> str:
    return "; ".join(f"{count} genes, {reason}" for reason, count in left_out.items())


def _padded(genes: pd.DataFrame, known: Probe, window: int) -> int:
    """Count the windows that reach beyond an end of their chromosome."""
    ends = genes["chrom"].map(known.lengths).fillna(np.inf)
    beyond = (genes["tss"] < window // 2) | (genes["tss"] + window // 2 > ends)
    return int(beyond.sum())


def _notes(sources: list[dict[str, Any]], genes: pd.DataFrame, known: Probe) -> list[str]:
    """Say in words what was done to files that a reader may not expect."""
    notes = [f"{s['file']}: {s['chromosomes']}." for s in sources if "chromosomes" in s]
    if any(source["role"] == "control" for source in sources):
        notes.append("The control is subtracted after scaling to each mark's depth; below 0 is 0.")
    if not genes["chrom"].isin(known.lengths).all():
        notes.append(
            "The lengths of some chromosomes are not known, so what lies beyond their ends is not "
            "noticed; name the assembly."
        )
    return notes
