"""The whole way on simulated data: simulate, train, evaluate, explain, report."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from attendome.data.store import check_replaceable_zarr
from attendome.errors import DataError
from attendome.evaluation.regression import RegressionScores
from attendome.evaluation.scores import Scores
from attendome.interpretation.recovery import Recovery, recovery
from attendome.workflows.configuration import check_replaceable
from attendome.workflows.simulating import simulate
from attendome.workflows.training import train_chromatin

SIMULATION = {"genes": 2000, "bins": 50, "bin_size": 200, "seed": 1}
TRAINING = {"learning_rate": 1e-3, "epochs": 25, "seed": 1}
DATASET, RUN = "simulated.zarr", "run"


@dataclass(frozen=True)
class Demo:
    """What the demo made.

    Attributes:
        scores: scores on the test split.
        recovery: what attention found of the planted truth, on the test split.
        report: where the report is.
    """

    scores: Scores | RegressionScores
    recovery: Recovery
    report: Path


def run_demo(out: str | Path, *, force: bool = False) -> Demo:
    """Simulate a dataset, train attentive-chrome on it, and hold its attention against the truth.

    Args:
        out: the folder to make.
        force: replace an earlier demo.

    Raises:
        DataError: ``out`` exists, and either ``force`` is not set or it is not a demo.
        RunError: the folder of the run in it is not a run.
    """
    folder = Path(out)
    if folder.exists() and any(folder.iterdir()):
        if not force:
            raise DataError(f"{folder} exists already; replace it with --force.")
        if not {path.name for path in folder.iterdir()} <= {DATASET, RUN}:
            raise DataError(f"{folder}: not replaced, since it holds more than a demo.")
        check_replaceable_zarr(folder / DATASET, "kind", "a dataset")
        check_replaceable(folder / RUN)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _make(folder)
    except KeyboardInterrupt as error:
        error.add_note("Run the same command again, with --force.")
        raise


def _make(folder: Path) -> Demo:
    data = simulate(folder / DATASET, SIMULATION)
    run = train_chromatin(data, "attentive-chrome", folder / RUN, TRAINING)
    scores = run.evaluate()
    test = data.split("test")
    maps = run.explain(test)
    run.explain(test, "occlusion", settings={"width": 5})  # shown by the report
    return Demo(scores, recovery(maps, data.xarray), run.report())
