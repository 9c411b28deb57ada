"""Windows around transcription start sites, and which of them overlap."""

import numpy as np
from jaxtyping import Bool, Int, Shaped


def overlapping(
    chrom: Shaped[np.ndarray, " gene"],
    tss: Int[np.ndarray, " gene"],
    other_chrom: Shaped[np.ndarray, " other"],
    other_tss: Int[np.ndarray, " other"],
    window: int,
) -> Bool[np.ndarray, " gene"]:
    """Tell which genes' windows share at least one base with a window of the other genes.

    A gene's window is ``[tss - window / 2, tss + window / 2)``, 0-based and half-open. All windows
    are equally long, so two overlap where their TSSs are less than ``window`` apart.

    Args:
        chrom: chromosome of each gene.
        tss: TSS of each gene, in bp.
        other_chrom: chromosome of each of the other genes.
        other_tss: TSS of each of the other genes, in bp.
        window: length of a window, in bp.

    >>> genes, others = np.array(["chr1", "chr1", "chr2"]), np.array(["chr1"])
    >>> overlapping(genes, np.array([100, 200, 100]), others, np.array([199]), window=100).tolist()
    [True, True, False]
    """
    found = np.zeros(len(chrom), dtype=bool)
    for name in np.unique(chrom):
        here = chrom == name
        others = np.sort(other_tss[other_chrom == name])
        first_reached = np.searchsorted(others, tss[here] - window, side="right")
        first_beyond = np.searchsorted(others, tss[here] + window, side="left")
        found[here] = first_beyond > first_reached
    return found
