"""The parts of commands that are for models that read DNA."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from attendome.cli import display, sequence_display
from attendome.errors import SettingsError

if TYPE_CHECKING:
    from attendome.workflows.sequence.run import SequenceRun


class Views(NamedTuple):
    """What predictions are averaged over.

    Attributes:
        both_strands: whether over the reverse complement, too.
        shifts: shifts in bp, with commas between.
    """

    both_strands: bool
    shifts: str | None

    def options(self) -> dict[str, Any]:
        """Give the options of the same task in Python.

        Raises:
            SettingsError: a shift is no whole number.
        """
        try:
            shifts = [int(number) for number in self.shifts.split(",")] if self.shifts else []
        except ValueError as error:
            raise SettingsError(
                f"--shifts: expected whole numbers of bp, such as -1,1; found '{self.shifts}'."
            ) from error
        return {"reverse_complement": self.both_strands, "shifts": shifts}


def evaluate(
    run: "SequenceRun", data: Path | None, split: str, views: Views, *, reach: bool, json: bool
) -> None:
    """Score a run and show its scores."""
    from attendome.cli.progress import working

    options = views.options()
    with working("Scoring", "regions") as progress:
        run.evaluate(data, split, progress=progress, **options)
    scores = run.last_scores() or {}
    if json:
        display.as_json(scores)
    else:
        sequence_display.scores(scores)
    if reach:
        with working("Masking", "regions of all distances") as progress:
            table = run.evaluate_reach(progress=progress)
        if not json:
            sequence_display.reach(table)
