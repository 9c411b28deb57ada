"""How a model is trained."""

from typing import Any, Literal

from pydantic import Field, model_validator

from attendome.config import Settings
from attendome.models.readout import TargetName

CalibrationName = Literal["temperature", "platt", "none"]


class SeedSettings(Settings):
    """What is the same wherever anything is fitted."""

    seed: int = Field(default=0, ge=0)
    """Seed of all that is random: initial weights, the order of genes or regions, augmentation,
    dropout, resampling."""


class FitSettings(SeedSettings):
    """How a classical model is fitted."""

    target: TargetName = "label"
    """What to predict: whether genes are on (label), or their log expression (expression)."""
    calibration: CalibrationName = "temperature"
    """How probabilities are made to fit the validation genes: log odds times a fitted factor
    (temperature), plus a fitted offset too (platt), or not at all (none). The order of the genes
    stays the same."""


class LoopSettings(SeedSettings):
    """How a network of any task is trained; presets of the model replace the values below."""

    epochs: int = Field(default=50, ge=1)
    """Most epochs to train for."""
    patience: int = Field(default=10, ge=1)
    """Stop after so many epochs without a better score on the validation split."""
    batch_size: int = Field(default=16, ge=1)
    """Genes, or regions, at once on each device."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Learning rate of the optimiser."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay; with Adam, that of AdamW."""
    gradient_clip_norm: float | None = Field(default=1.0, gt=0)
    """Gradients with a larger norm are scaled down to it; null for no limit."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    """Number format of the arithmetic."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    devices: int = Field(default=1, ge=1)
    """Number of GPUs, or of CPU processes."""
    tensorboard: bool = False
    """Whether to write TensorBoard files too (needs the extra 'tensorboard')."""

    def trainer_options(self) -> dict[str, Any]:
        """Give what Lightning's trainer is to be told."""
        import torch
        from lightning.fabric.plugins.environments.lightning import LightningEnvironment

        devices: int | list[int] = self.devices
        if devices == 1 and self.accelerator != "cpu" and torch.cuda.is_available():
            devices = [torch.cuda.current_device()]  # of one process of several, not the first
        return {
            "accelerator": self.accelerator,
            "devices": devices,
            "strategy": "ddp_spawn" if self.devices > 1 else "auto",
            "precision": self.precision,
            # Else a scheduler's environment would be asked for ranks: there one task has all.
            "plugins": LightningEnvironment(),
            "max_epochs": self.epochs,
            "gradient_clip_val": self.gradient_clip_norm,
        }


class TrainingSettings(LoopSettings, FitSettings):
    """How a network of chromatin is trained."""

    optimiser: Literal["adam", "sgd"] = "adam"
    """How weights follow the gradient: Adam, or plain stochastic gradient descent."""
    gradient_clip_value: float | None = Field(default=None, gt=0)
    """Elements of the gradient are cut to ± this value; null for no limit."""
    expression_weight: float = Field(default=0.0, ge=0)
    """Weight of log expression as a second target beside the label; 0 for none, as published."""

    @model_validator(mode="after")
    def _expression_counts_once(self) -> "TrainingSettings":
        if self.target == "expression" and self.expression_weight > 0:
            raise ValueError(
                "expression_weight is for a second target beside the label; with target=expression "
                "leave it at 0"
            )
        return self
