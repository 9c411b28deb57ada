"""Say which bases the predicted coverage of a place depends on."""

import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from attendome import __version__
from attendome.config import validate
from attendome.errors import SettingsError
from attendome.genome.files import sha256
from attendome.interpretation.files import check_maps, save_maps
from attendome.interpretation.sequence import methods
from attendome.interpretation.sequence.gradients import gradient_effect, integrated_effect
from attendome.interpretation.sequence.mutagenesis import mutagenesis
from attendome.interpretation.sequence.substitutions import BASES, importance, largest
from attendome.interpretation.sequence.targets import OnTarget, Target, TargetSettings
from attendome.models.sequence.bases import one_hot
from attendome.models.weights import WEIGHTS
from attendome.training.inference import device_of
from attendome.training.sequence.inference import Averaging
from attendome.variants.predicting import predict_alleles
from attendome.variants.stretches import GenomeWindows
from attendome.workflows.parts import Progress, kept_part, open_parts
from attendome.workflows.sequence.explained_windows import (
    Window,
    window_of_dataset,
    window_of_genome,
)
from attendome.workflows.sequence.matching import Data
from attendome.workflows.sequence.prediction_sources import chosen_tracks

if TYPE_CHECKING:
    from attendome.workflows.sequence.run import SequenceRun

_PLACES = 32
"""Positions that are explained, and kept, together."""
_VALUES = 1 << 26
"""Most values of coverage at once."""
Part = Callable[[], dict[str, Tensor]]


def explain(  # noqa: PLR0913 - each is an option of the command
    run: "SequenceRun",
    out: str | Path,
    region: str,
    method: str = methods.MUTAGENESIS,
    settings: Mapping[str, Any] | None = None,
    *,
    at: str | None = None,
    tracks: tuple[str, ...] = (),
    genome: str | Path | None = None,
    data: Data = None,
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> xr.Dataset:
    """Say which bases of a region the coverage predicted at a place depends on.

    What is explained is ln(Σ coverage + pseudo-count) over the bins of the place. What an
    interruption left is used.

    Args:
        run: the run.
        out: a name ending in .zarr or .nc.
        region: the bases, such as ``chr21:5000000-5000200``, 0-based and half-open.
        method: name of the method; see ``SEQUENCE_METHODS``.
        settings: its settings by name.
        at: the place; all bins that overlap it count. By default the region.
        tracks: tracks by name or by assay; by default all.
        genome: a FASTA file; the window that the model reads is centred on region and place.
        data: without ``genome``, the dataset one of whose regions holds both; by default the run's
            own.
        force: replace ``out`` where it exists.
        progress: told how many parts are done, and of how many.

    Returns:
        ``importance[track, position]``, ``effect[track, position, base]`` (0 for the base that
        stands there), ``sequence[position]`` (A C G T N = 0..4) and ``prediction[track]`` (coverage
        of the bins together). For integrated gradients, over the whole window importance adds up
        to ``change[track]``, from N everywhere, within ``completeness_error[track]``. ``position``
        is that of the genome, 0-based. The attributes say what was asked for.

    Raises:
        SettingsError: the method, a track or a setting is unknown, or region and place do not fit
            into the model's window.
        DataError: a file is not there or does not hold the region, or ``out`` exists.
    """
    target = Path(out)
    chosen, description = methods.sequence_method(method), run.description
    values = validate(chosen.settings, settings or {})
    kept = chosen_tracks(description, tracks).tolist()
    check_maps(target, force=force)
    if genome is not None and data is not None:
        raise SettingsError("Explain a region of a dataset, or of a genome: name one.")
    if genome is None:
        window = window_of_dataset(run.dataset(data), description, region, at)
    else:
        window = window_of_genome(Path(genome), description, region, at)
    explained = _Explained(run, window, method, values, kept)
    about = explained.about()
    parts = target.with_name(f".{target.name}.parts")
    open_parts(parts, about | {"sequence": window.checksum, "tracks": kept})
    try:
        found = _in_parts(explained.parts(), parts, progress)
        maps = explained.maps(found).assign_attrs(about)
        save_maps(maps, target, force=force)
    except KeyboardInterrupt as error:
        error.add_note("The same command, given again, goes on.")
        raise
    shutil.rmtree(parts)
    return maps


class _Explained:
    """A region that is explained by a method."""

    def __init__(
        self,
        run: "SequenceRun",
        window: Window,
        method: str,
        values: TargetSettings,
        tracks: list[int],
    ) -> None:
        model, description = run.model.eval(), run.description
        self.run, self.window, self.method, self.values = run, window, method, values
        first, last = (
            (place - window.start - description.crop) // description.bin_size for place in window.at
        )
        self.target = Target(first, last, tuple(tracks), values.pseudocount)
        self.pairs = torch.tensor(description.strand_pairs)
        pairs = self.pairs.to(device_of(model)) if values.reverse_complement else None
        self.on = OnTarget(model, self.target, pairs)
        self.codes = torch.from_numpy(window.sequence)

    def about(self) -> dict[str, Any]:
        """Say what is explained, and by what."""
        window, (start, end), at = self.window, self.window.region, self.window.at
        return {
            "method": self.method,
            "method_settings": json.dumps(self.values.model_dump()),
            "summary": methods.SEQUENCE_METHODS[self.method].summary,
            "signed": methods.SEQUENCE_METHODS[self.method].signed,
            "unit": "log fold change",
            "model": self.run.description.model,
            "weights_sha256": sha256(self.run.path / WEIGHTS),
            "attendome_version": __version__,
            "chrom": window.chrom,
            "chrom_length": window.chrom_length,
            "start": start,
            "end": end,
            "at_start": at[0],
            "at_end": at[1],
            "window_start": window.start,
            **window.about,
        }

    def parts(self) -> list[Part]:
        """Divide the work."""
        places, tracks = self.window.places, range(len(self.target.tracks))
        if self.method == methods.MUTAGENESIS:
            firsts = range(places.start, places.stop, _PLACES)
            stretches = [range(first, min(first + _PLACES, places.stop)) for first in firsts]
            return [partial(self._changed, stretch) for stretch in stretches]
        return [partial(self._derived, track) for track in tracks]

    def _changed(self, places: range) -> dict[str, Tensor]:
        """Explain some positions by mutagenesis."""
        values = cast(methods.MutagenesisSettings, self.values)
        averaging = Averaging(reverse_complement=values.reverse_complement)

        def predict(sequence: Tensor, alleles: Tensor) -> tuple[Tensor, Tensor]:
            genome = GenomeWindows(tuple(sequence), ((0, 0),), sequence.shape[1])
            model, own, size = self.run.model, [0] * len(alleles), values.batch_size
            return predict_alleles(model, genome, alleles, own, self.pairs, averaging, size)

        shape = self.run.description.shape
        at_once = max(values.batch_size, _VALUES // (shape.bins * shape.tracks))
        return {"effect": mutagenesis(predict, self.codes, places, self.target, at_once)}

    def _derived(self, track: int) -> dict[str, Tensor]:
        """Explain a track by gradients."""
        codes = self.codes.to(device_of(self.run.model))
        found: dict[str, Tensor] = {}
        # TensorFloat-32 has three digits: less than the effects that are looked for.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            if self.method == methods.INTEGRATED:
                steps = cast(methods.IntegratedGradientsSettings, self.values).steps
                effect, change, missed = integrated_effect(self.on, codes, track, steps)
                found = {"change": torch.tensor([change])}
                found["completeness_error"] = torch.tensor([missed])
            else:
                effect = gradient_effect(self.on, codes, track)
        return {"effect": effect[:, self.window.places.start : self.window.places.stop], **found}

    def maps(self, parts: list[dict[str, Tensor]]) -> xr.Dataset:
        """Put the parts together."""
        along = 1 if self.method == methods.MUTAGENESIS else 0
        effect = torch.cat([part["effect"] for part in parts], dim=along)
        codes = self.codes[self.window.places.start : self.window.places.stop]
        found = largest(effect) if self.method == methods.SALIENCY else importance(effect, codes)
        with torch.no_grad():
            coverage = self.on.coverage(one_hot(self.codes[None].to(device_of(self.run.model))))
        variables: dict[str, Any] = {
            "importance": (("track", "position"), found.numpy()),
            "effect": (("track", "position", "base"), effect.numpy()),
            "sequence": ("position", codes.numpy()),
            "prediction": ("track", self.target.sum(coverage)[0].cpu().numpy()),
        }
        if self.method == methods.INTEGRATED:
            for name in ("change", "completeness_error"):
                variables[name] = ("track", torch.cat([part[name] for part in parts]).numpy())
        names = [self.run.description.tracks[track] for track in self.target.tracks]
        coords = {
            "track": np.array(names, object),
            "position": np.arange(*self.window.region),
            "base": np.array(list(BASES), object),
        }
        return xr.Dataset(variables, coords)


def _in_parts(parts: list[Part], folder: Path, progress: Progress) -> list[dict[str, Tensor]]:
    """Explain a part after the other, and keep each on disk."""
    done: list[dict[str, Tensor]] = []
    for number, part in enumerate(parts):
        done.append(kept_part(folder / f"{number:06d}.safetensors", part))
        progress(number + 1, len(parts))
    return done
