"""Open a dataset of any kind."""

from pathlib import Path

from attendome.data.chromatin import ChromatinDataset
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.schema import KIND as SEQUENCE
from attendome.data.sequence.store import open_sequence
from attendome.data.store import kind_of_dataset, open_chromatin


def open_dataset(path: str | Path) -> ChromatinDataset | SequenceDataset:
    """Open a chromatin or a sequence dataset, whichever it is, and check it.

    The values of a chromatin dataset are read into memory: a cell type of 19,802 genes × 5 marks ×
    100 bins takes 40 MB. Those of a sequence dataset stay on disk until they are asked for.

    Raises:
        DataError: there is no dataset at ``path``, it is damaged, or it does not fit the schema.
    """
    if kind_of_dataset(Path(path)) == SEQUENCE:
        return open_sequence(path)
    return open_chromatin(path)
