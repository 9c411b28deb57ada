"""Make datasets of three cell types: E123 (K562), E065 (aorta) and E116 (GM12878).

Nothing is downloaded. The files are in a folder SHARED_DATA:

- chromatin/E123: 600 genes in AttentiveChrome's layout, read counts, of QData/DeepDiffChrome;
- chromatin/pilot: E065 and E116, 371 genes of the ENCODE pilot regions, the arcsinh of −log10 p as
  in the pilot set of Avocado (jmschrei/avocado) in bins of 100 bp that run 5'→3';
- expression: RPKM of the Roadmap Epigenomics project;
- annotation: the genes' names and locations, GENCODE v10, hg19.

E123 keeps the split of its files. E065 and E116 are split by region, so that no window of a test
gene overlaps that of a training gene: of the regions, sorted by name, the first of each five is for
the test and the third for validation.

python examples/pilot_cell_types.py SHARED_DATA OUT_DIR
"""

import argparse
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

import attendome as ad
from attendome.data.amend import with_locations
from attendome.data.chromatin import assemble
from attendome.genome.annotation import read_genes
from attendome.genome.files import sha256

EXPECTED = ("X", "y", "rpkm", "gene", "chrom", "region", "marks")
FOLDS = ("test", "train", "valid", "train", "train")


def read_pilot(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a pilot file; each but ``marks`` has an entry per gene."""
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in EXPECTED if name not in file]
            if missing:
                raise ad.DataError(
                    f"{path}: expected the arrays {', '.join(EXPECTED)}; it has no "
                    f"{', '.join(missing)}, only {', '.join(file)}."
                )
            return {name: file[name] for name in EXPECTED}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ad.DataError(f"{path}: cannot be read as an .npz file ({error}).") from error


def pilot_dataset(path: Path, cell_type: str) -> ad.ChromatinDataset:
    """Make a dataset of a pilot file, split by region."""
    arrays = read_pilot(path)
    fold = np.unique(arrays["region"], return_inverse=True)[1] % len(FOLDS)
    genes = pd.DataFrame(
        {
            "chrom": arrays["chrom"],
            "split": np.array(FOLDS, object)[fold],
            "label": arrays["y"],
            "expression": arrays["rpkm"],
        },
        index=pd.Index(arrays["gene"], name="gene", dtype=object),
    )
    attributes = {
        "cell_type": cell_type,
        "assembly": "hg19",
        "bin_size": 100,
        "oriented": True,
        "label_rule": "RPKM above the cell type's median",
        "sources": [{"file": path.name, "sha256": sha256(path)}],
    }
    signal = np.ascontiguousarray(arrays["X"].transpose(0, 2, 1))
    return assemble(signal, genes, arrays["marks"].tolist(), attributes)


def main() -> None:
    """Read the folders, make the datasets and print what they hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shared_data", type=Path, help="the folder of the files")
    parser.add_argument("out", type=Path, help="the folder to make, for the datasets")
    options = parser.parse_args()
    shared, out = options.shared_data, options.out
    annotation = shared / "annotation" / "gencode_v10_genes_hg19.gtf.gz"
    locations = read_genes(annotation, gene_type="all").genes
    pilot = {
        cell_type: pilot_dataset(
            shared / "chromatin" / "pilot" / f"{cell_type}.pilot_genes_100bins.npz", cell_type
        )
        for cell_type in ("E065", "E116")
    }
    out.mkdir(parents=True, exist_ok=True)
    made = [
        ad.import_attentivechrome(
            shared / "chromatin" / "E123",
            out / "E123.zarr",
            genes=annotation,
            expression=shared / "expression" / "57epigenomes.RPKM.pc.gz",
        )
    ]
    for cell_type, data in pilot.items():
        made.append(ad.save_dataset(with_locations(data, locations), out / f"{cell_type}.zarr"))
    for data in made:
        splits = data.genes["split"].value_counts()
        counts = ", ".join(f"{splits[name]} {name}" for name in ("train", "valid", "test"))
        overlap = data.leak()["overlapping"]
        print(f"{data.path}: {len(data.genes)} genes ({counts}); marks {', '.join(data.marks)};")
        print(f"  test windows that overlap a training window: {overlap}")


if __name__ == "__main__":
    try:
        main()
    except ad.AttendomeError as error:
        raise SystemExit(f"Error: {error}") from None
