"""Bring in what others made: datasets and weights of AttentiveChrome."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from attendome.data import ChromatinDataset, open_chromatin
from attendome.data.amend import with_expression, with_locations, with_split
from attendome.data.attentivechrome import PUBLISHED_MARKS, read_attentivechrome
from attendome.data.expression import read_expression
from attendome.data.store import check_new_dataset, save_dataset
from attendome.errors import RunError
from attendome.genome.annotation import Annotation, read_genes
from attendome.genome.files import sha256
from attendome.genome.genes import without_version
from attendome.models.descriptions import save_description
from attendome.models.published_weights import read_published_weights
from attendome.models.weights import save_weights
from attendome.outputs import check_new, new_output
from attendome.workflows.configuration import (
    RunConfig,
    check_replaceable,
    describe_model,
    versions,
    write_config,
)
from attendome.workflows.run import Run, open_chromatin_run
from attendome.workflows.starting import published_marks


def import_attentivechrome(  # noqa: PLR0913 - each is an option of the command
    folder: str | Path,
    out: str | Path,
    *,
    marks: Sequence[str] = PUBLISHED_MARKS,
    cell_type: str = "",
    bin_size: int = 100,
    genes: str | Path | None = None,
    expression: str | Path | None = None,
    column: str = "",
    split: str = "",
    keep_first: bool = False,
    force: bool = False,
) -> ChromatinDataset:
    """Make a dataset from train.csv, valid.csv and test.csv in AttentiveChrome's layout.

    Args:
        folder: where the files are, themselves or in ``classification/``, plain or .gz.
        out: the dataset to make; its name ends in .zarr.
        marks: names of the count columns, in the order of the files.
        cell_type: name of the cell type; by default that of the folder.
        bin_size: length of a bin, in bp.
        genes: a GTF file that gives the genes' names and locations; the files have only IDs.
        expression: a table of the genes' expression; the labels stay those of the files.
        column: which of its columns; by default the one named as the cell type, or the only one.
        split: a split rule; by default the split is that of the files.
        keep_first: where a gene stands several times in one file, keep its first copy.
        force: replace ``out`` where it exists.

    Raises:
        DataError: a file is missing or malformed, a gene has no expression where that is given,
            or ``out`` exists.
        SettingsError: the table of expression has no such column, or the split rule is unknown.
    """
    target = Path(out)
    check_new_dataset(target, force=force)
    data = read_attentivechrome(
        Path(folder), marks, cell_type, bin_size=bin_size, keep_first=keep_first
    )
    annotation = read_genes(Path(genes), gene_type="all") if genes else None
    if annotation:
        data = with_locations(data, annotation.genes)
    if expression:
        data = _with_expression(data, Path(expression), column, annotation)
    if split:
        data = with_split(data, split)
    return save_dataset(data, target, force=force)


def _with_expression(
    data: ChromatinDataset, table: Path, column: str, annotation: Annotation | None
) -> ChromatinDataset:
    ids = without_version(pd.Series(data.genes.index, dtype=str)).unique()
    own = Annotation(
        genes=pd.DataFrame(index=pd.Index(ids, name="gene")),
        left_out={},
        gene_of_transcript=annotation.gene_of_transcript if annotation else {},
        source={},
    )
    read = read_expression(table, column, own, data.cell_type)
    amended = with_expression(data, read.values)
    sources = [*data.xarray.attrs["sources"], {"role": "expression"} | read.source]
    return replace(amended, xarray=amended.xarray.assign_attrs(sources=sources))


def import_weights(
    file: str | Path,
    out: str | Path,
    data: str | Path,
    *,
    marks: Sequence[str] | None = None,
    force: bool = False,
) -> Run:
    """Make a run folder from weights of the original AttentiveChrome.

    The run predicts, evaluates, explains and reports like one that was trained here.

    Args:
        file: the original's state dict, a .pt file.
        out: the run folder to make.
        data: the dataset that the run predicts and explains by default.
        marks: names of the marks in the order of the weights; by default the published ones where
            there are five, and else those of the dataset.
        force: replace ``out`` where it exists.

    Raises:
        RunError: the file is damaged, would run code, or does not fit the marks; or ``out`` is not
            a run.
        DataError: the dataset does not have the marks, or ``out`` exists.
    """
    source, folder = Path(file), Path(out)
    check_new(folder, force=force)
    check_replaceable(folder)
    dataset = open_chromatin(data)
    model, settings = read_published_weights(source, dataset.bins)
    names = tuple(marks) if marks else published_marks(model.marks, dataset)
    dataset = dataset.with_marks(names)
    if len(names) != model.marks:
        raise RunError(f"{source}: has weights for {model.marks} marks; {len(names)} are named.")
    description = describe_model("attentive-chrome", settings, dataset, names)
    config = RunConfig(
        model=description.model,
        data=(str(Path(data).resolve()),),
        fingerprint=dataset.fingerprint(),
        settings=description.settings,
        imported_from={
            "file": source.name,
            "sha256": sha256(source),
        },
        versions=versions(),
    )
    with new_output(folder, force=force) as made:
        made.mkdir()
        write_config(config, made)
        save_weights(model, made)
        save_description(description, made)
    return open_chromatin_run(folder)
