"""Write datasets in the layouts that other programs read."""

from pathlib import Path

from attendome.data import ChromatinDataset, as_chromatin
from attendome.data.binned_csv import write_binned_csv
from attendome.data.splits import SPLITS
from attendome.errors import DataError
from attendome.outputs import check_export, check_new, new_output

_FILES = {f"{name}.csv" for name in SPLITS}


def export_attentivechrome(
    data: ChromatinDataset | str | Path, out: str | Path, *, force: bool = False
) -> ChromatinDataset:
    """Write train.csv, valid.csv and test.csv in AttentiveChrome's layout.

    Genes, marks and bins keep the order of the dataset. The layout has no place for the names of
    the marks, or for whether the bins run in genome order or 5'→3'.

    Args:
        data: the dataset, or where it is.
        out: the folder to make.
        force: replace ``out`` where an earlier export made it.

    Returns:
        The dataset that was written.

    Raises:
        DataError: signal is missing, the genes have no labels, a split has no gene, ``out``
            exists, or it holds something else.
    """
    folder = Path(out)
    check_new(folder, force=force)
    check_export(folder, lambda entry: entry.name in _FILES)
    dataset = as_chromatin(data)
    missing = int(dataset.signal.isnull().any(["mark", "bin"]).sum())
    if missing:
        raise DataError(
            f"{missing} of {len(dataset.genes)} genes have missing values, for which the layout "
            "has no place; build the dataset with --missing zero or drop."
        )
    parts = {name: dataset.split(name) for name in SPLITS}
    with new_output(folder, force=force) as made:
        made.mkdir()
        for name, part in parts.items():
            genes = [str(gene) for gene in part.genes.index]
            write_binned_csv(made / f"{name}.csv", genes, part.signal.to_numpy(), part.labels())
    return dataset
