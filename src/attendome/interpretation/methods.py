"""The methods of explanation by name, and which model takes which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attendome.config import Settings, suggestion
from attendome.errors import SettingsError
from attendome.interpretation import (
    attention,
    class_optimisation,
    gradients,
    integrated_gradients,
    occlusion,
)
from attendome.interpretation.baseline import BaselineSettings
from attendome.interpretation.marks import Explainer, OnMarks, Signal
from attendome.models.architectures import ChromatinArchitecture
from attendome.models.registry import chromatin_architecture, models_with_attention

_LAYERED = ("deep-chrome", "mlp")
"""Models made of nothing but layers that DeepLIFT has a rule for."""


@dataclass(frozen=True)
class Method:
    """One way to explain predictions.

    Attributes:
        summary: what it gives, in a line.
        unit: the unit of its importance, ``prediction`` standing for log odds or log expression.
        make: prepares a model, with all genes that will be explained and its settings; gives a
            function from the signal of some of them to ``importance[gene, mark, bin]``,
            ``mark_importance[gene, mark]`` and other maps by name.
        why_not: says why an architecture cannot be explained in this way; empty where it can.
        signed: whether importance above 0 speaks for on, and below 0 for off.
        complete: whether importance should add up, over the cells of a gene, to its prediction
            minus that of the baseline; its settings are ``BaselineSettings``, or more than these.
        settings: its settings.
        presets: named values of its settings.
    """

    summary: str
    unit: str
    make: Callable[[OnMarks, Signal, Any], Explainer]
    why_not: Callable[[str, ChromatinArchitecture], str]
    signed: bool = False
    complete: bool = False
    settings: type[Settings] = Settings
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _needs(*kinds: str) -> Callable[[str, ChromatinArchitecture], str]:
    signs = " or ".join({"alpha": "α", "beta": "β"}[kind] for kind in kinds)

    def why_not(name: str, entry: ChromatinArchitecture) -> str:
        if set(kinds) & set(entry.attention):
            return ""
        return f"{name} has no {signs}; models with attention: {models_with_attention()}"

    return why_not


def _differentiable(name: str, entry: ChromatinArchitecture) -> str:
    return f"{name} is fitted by scikit-learn and has no gradient" if entry.classical else ""


def _layered(name: str, entry: ChromatinArchitecture) -> str:
    if name in _LAYERED:
        return ""
    return _differentiable(name, entry) or (
        f"DeepLIFT has no rule for the LSTM, or the attention, of {name}; it has for "
        f"{' and '.join(_LAYERED)}, and integrated-gradients is near to it"
    )


METHODS: Mapping[str, Method] = {
    "attention": Method(
        "α · β, or what the model has of the two",
        "share",
        attention.attention,
        _needs("alpha", "beta"),
    ),
    "alpha": Method(
        "α alone: where along each mark", "share", attention.alpha_alone, _needs("alpha")
    ),
    "beta": Method("β alone: which mark", "share", attention.beta_alone, _needs("beta")),
    "saliency": Method(
        "size of the gradient", "prediction per unit of signal", gradients.saliency, _differentiable
    ),
    "gradient-x-input": Method(
        "gradient times signal",
        "prediction",
        gradients.gradient_x_input,
        _differentiable,
        signed=True,
    ),
    "integrated-gradients": Method(
        "mean gradient between baseline and signal, times their difference",
        "prediction",
        integrated_gradients.integrated_gradients,
        _differentiable,
        signed=True,
        complete=True,
        settings=integrated_gradients.IntegratedGradientsSettings,
    ),
    "deeplift": Method(
        "DeepLIFT's rescale rule",
        "prediction",
        gradients.deeplift,
        _layered,
        signed=True,
        complete=True,
        settings=BaselineSettings,
    ),
    "occlusion": Method(
        "what removing a mark, a bin, or a bin of a mark takes from the prediction",
        "prediction",
        occlusion.occlusion,
        lambda _name, _entry: "",
        signed=True,
        settings=occlusion.OcclusionSettings,
    ),
    "class-optimisation": Method(
        "the signal that is most clearly of the class predicted",
        "share of the highest",
        class_optimisation.class_optimisation,
        _differentiable,
        settings=class_optimisation.ClassOptimisationSettings,
        presets={"paper": class_optimisation.PAPER},
    ),
}


def method_for(name: str, model: str) -> Method:
    """Look up a method for a model.

    Raises:
        SettingsError: there is none of that name (the nearest one is named), or the model does not
            take it.
    """
    if name not in METHODS:
        raise SettingsError(f"Unknown method '{name}': {suggestion(name, METHODS)}")
    reason = METHODS[name].why_not(model, chromatin_architecture(model))
    if reason:
        others = ", ".join(methods_of(model))
        raise SettingsError(f"{reason}. Methods for {model}: {others}.")
    return METHODS[name]


def methods_of(model: str) -> list[str]:
    """Name the methods that a model takes.

    >>> methods_of("svm")
    ['occlusion']
    """
    entry = chromatin_architecture(model)
    return [name for name, method in METHODS.items() if not method.why_not(model, entry)]
