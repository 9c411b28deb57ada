"""Weights of the original AttentiveChrome (second release), translated to ours."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from attendome.errors import RunError
from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings

_LAYERS = {
    r"rnn_hms\.(\d+)\.rnn\.(.+)": r"bin_encoder.lstms.\1.\2",
    r"rnn_hms\.(\d+)\.bin_attention\.bin_context_vector": r"bin_attentions.\1.context",
    r"hm_level_rnn_1\.rnn\.(.+)": r"mark_encoder.\1",
    r"hm_level_rnn_1\.bin_attention\.bin_context_vector": "mark_attention.context",
    r"fdiff1_1\.(.+)": r"output.\1",
}


def read_published_weights(
    path: Path, bins: int
) -> tuple[AttentiveChrome, AttentiveChromeSettings]:
    """Build the model that the original's state dict describes.

    Only tensors are read: a file that would run code on loading is refused.

    Raises:
        RunError: the file is missing, damaged, would run code, or is not of that model.
    """
    state = read_tensors(path)
    marks = {name.split(".")[1] for name in state if name.startswith("rnn_hms.")}
    try:
        sizes = state["rnn_hms.0.rnn.weight_hh_l0"], state["hm_level_rnn_1.rnn.weight_hh_l0"]
        settings = AttentiveChromeSettings(
            bin_hidden=sizes[0].shape[1],
            mark_hidden=sizes[1].shape[1],
            bidirectional="rnn_hms.0.rnn.weight_hh_l0_reverse" in state,
        )
        model = AttentiveChrome(len(marks), bins, settings)
        # The input transform, here none, is ours: its buffers have no counterpart in the file.
        ours = {f"transform.{name}": value for name, value in model.transform.named_buffers()}
        model.load_state_dict(ours | _translate(state))
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        raise RunError(
            f"{path}: expected the weights of the original AttentiveChrome, with names such as "
            f"rnn_hms.0.rnn.weight_ih_l0; they do not fit ({error})."
        ) from error
    return model, settings


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """Read a state dict from a .pt file without running anything that stands in it.

    Raises:
        RunError: the file is missing, damaged, holds anything but named tensors, or would run code.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file.") from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(
            f"{path}: refused, since it is damaged or holds more than weights ({reason})."
        ) from error
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise RunError(f"{path}: expected a state dict, a mapping of names to tensors.")
    return state


def _translate(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    translated, unknown = {}, []
    for name, tensor in state.items():
        ours = _our_name(name)
        if ours is None:
            unknown.append(name)
            continue
        column = name.endswith("bin_context_vector")
        translated[ours] = tensor.squeeze(-1) if column else tensor
    if unknown:
        raise ValueError(f"that model has no {', '.join(unknown)}")
    return translated


def _our_name(name: str) -> str | None:
    for pattern, ours in _LAYERS.items():
        if re.fullmatch(pattern, name):
            return re.sub(pattern, ours, name)
    return None
