"""Fixtures that several test modules share.

attendome is imported inside the fixtures: pytest reads this file before jaxtyping is in place.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from attendome import ChromatinDataset

# The models of the tests are tiny: a second thread, here or in a child process, would only wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data, which stands beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data, ../shared/data, are not here")
    return folder


@pytest.fixture(scope="session")
def simulated() -> "ChromatinDataset":
    """A small dataset with a planted truth: 120 genes, 5 marks, 20 bins."""
    from attendome.data.simulation import SimulationSettings, simulate_chromatin

    return simulate_chromatin(SimulationSettings(genes=120, bins=20, seed=1))


@pytest.fixture
def simulated_store(simulated: "ChromatinDataset", tmp_path: Path) -> Path:
    """The small dataset on disk."""
    from attendome.data.store import save_dataset

    path = tmp_path / "simulated.zarr"
    save_dataset(simulated, path)
    return path


@pytest.fixture(scope="session")
def gene_lines() -> Callable[..., list[str]]:
    """Give a function that makes the lines of one gene in AttentiveChrome's layout."""

    def make(gene: str, label: int = 1, marks: int = 2, bins: int = 4) -> list[str]:
        return [
            ",".join([gene, str(b), *(str(10 * m + b) for m in range(marks)), str(label)])
            for b in range(1, bins + 1)
        ]

    return make


@pytest.fixture
def csv_folder(tmp_path: Path, gene_lines: Callable[..., list[str]]) -> Callable[..., Path]:
    """Give a function that writes train, valid and test.csv, of two genes each.

    By default the files have 2 marks and 4 bins. ``train=lines`` or ``train=text`` (or bytes; None
    for no file) takes the place of the lines of that split.
    """

    def write(marks: int = 2, bins: int = 4, **instead: list[str] | str | bytes | None) -> Path:
        folder = tmp_path / "cells"
        folder.mkdir(exist_ok=True)
        for split in ("train", "valid", "test"):
            on, off = (gene_lines(f"{split}_{n}", n, marks, bins) for n in (1, 0))
            content = instead.get(split, on + off)
            if isinstance(content, list):
                content = "".join(f"{line}\n" for line in content)
            if isinstance(content, str):
                content = content.encode()
            if content is not None:
                (folder / f"{split}.csv").write_bytes(content)
        return folder

    return write


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bootstrap short, where its intervals do not matter."""
    from attendome.evaluation import scores

    monkeypatch.setattr(scores, "RESAMPLES", 20)
