"""The options of explaining a model that reads DNA."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from attendome.cli import display

_INCOMPLETE = 0.1
"""Share of the change that importance may miss."""
Region = Annotated[
    str | None,
    typer.Option(
        metavar="CHROM:START-END",
        help="Of DNA, the bases that are explained, 0-based and half-open.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="CHROM:START-END",
        help="Of DNA, the place whose coverage is explained; by default the region.",
    ),
]
Tracks = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="NAME",
        help="Of DNA, only this track, by name or by assay; may be repeated.",
    ),
]
Genome = Annotated[
    Path | None,
    typer.Option(
        metavar="FASTA", help="Of DNA, read this genome, not a region of the dataset (--data)."
    ),
]


class Asked(NamedTuple):
    """What is explained of DNA."""

    region: str | None
    at: str | None
    tracks: tuple[str, ...]
    genome: Path | None

    def any(self) -> bool:
        """Tell whether any of the options is given."""
        return any(self)


def explain_region(
    run: Path,
    asked: Asked,
    method: str | None,
    data: Path | None,
    out: Path | None,
    settings: dict[str, Any],
    *,
    force: bool,
) -> None:
    """Explain a region, and say where the maps are."""
    from attendome.cli.progress import working
    from attendome.errors import SettingsError
    from attendome.workflows.run import Run, open_run

    opened = open_run(run)
    if isinstance(opened, Run):
        raise SettingsError(
            f"{run}: {opened.config.model} reads histone marks; --region, --at, --track and "
            "--genome are for models that read DNA."
        )
    if asked.region is None:
        raise typer.BadParameter("say with --region which bases are explained")
    name = method or "mutagenesis"
    options = {"at": asked.at, "tracks": asked.tracks, "genome": asked.genome, "data": data}
    with working(name, "parts") as progress:
        maps = opened.explain(
            asked.region, name, out, settings=settings, force=force, progress=progress, **options
        )
    bases, tracks = maps.sizes["position"], maps.sizes["track"]
    where = "{chrom}:{at_start}-{at_end}".format(**maps.attrs)
    display.say(f"Wrote {out or run / f'{name}.zarr'}: {bases:,} bases × {tracks:,} tracks.")
    display.say(f"Explained is the coverage predicted for {where}.")
    if "completeness_error" in maps:
        error, change = (float(abs(maps[n]).mean()) for n in ("completeness_error", "change"))
        display.say(
            "Over the whole window, importance adds up to the change from N everywhere, "
            f"{change:.3g} (mean size over tracks), within {error:.2g}."
        )
        if error > _INCOMPLETE * change:
            display.warnings(["that is too far off; choose more steps (--set steps=200)."])
