"""Real data of several cell types."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from attendome import ChromatinDataset

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pilot_cell_types.py"


@pytest.fixture(scope="session")
def pilot(shared_data: Path) -> "dict[str, ChromatinDataset]":
    """E065 and E116: 371 genes of the pilot regions, as the example makes them."""
    spec = importlib.util.spec_from_file_location("pilot_cell_types", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    folder = shared_data / "chromatin" / "pilot"
    return {
        name: example.pilot_dataset(folder / f"{name}.pilot_genes_100bins.npz", name)
        for name in ("E065", "E116")
    }
