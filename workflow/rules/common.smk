# The config and the samplesheet, checked before anything runs.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from samplesheet import CONTROL, NAME, by_kind, read_samplesheet

validate(config, Path(workflow.basedir) / "schemas" / "config.schema.yaml")

try:
    SAMPLES = read_samplesheet(Path(config["samplesheet"]))
except ValueError as error:
    raise WorkflowError(str(error))

CHROMATIN, SEQUENCE = by_kind(SAMPLES, "chromatin"), by_kind(SAMPLES, "sequence")
CELL_TYPES = sorted({sample.cell_type for sample in CHROMATIN.values()})
OPTIONS = config["options"]

RESULTS = []
if CHROMATIN:
    RESULTS.append("results/comparison/report.html")
if SEQUENCE:
    RESULTS.append("results/sequence.zarr")

needed = {
    "genome": SEQUENCE or any(sample.fastq_1 for sample in SAMPLES.values()),
    "genes": CHROMATIN,
    "expression": CHROMATIN,
}
if missing := [key for key, wanted in needed.items() if wanted and key not in config]:
    raise WorkflowError(
        f"The config names no {', '.join(missing)}, which the rows of {config['samplesheet']} need."
    )

# Snakemake gives every tool as many threads as its rule has. What starts processes of its own
# (build sequence, compare) would have that many in each.
shell.prefix(
    "set -euo pipefail; export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1; "
)


wildcard_constraints:
    sample=NAME,
    cell_type=NAME,


def reads_of(sample):
    """Give the BAM file of a sample: its own, or the one to align."""
    return sample.bam or f"results/aligned/{sample.kind}/{sample.name}.bam"
