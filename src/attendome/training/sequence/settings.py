"""How a model that reads DNA is trained."""

from typing import Any

from pydantic import Field

from attendome.training.settings import LoopSettings


class SequenceTrainingSettings(LoopSettings):
    """How a sequence model is trained; presets of the model replace the values below."""

    batch_size: int = Field(default=4, ge=1)
    """Regions at once on each device."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are averaged before the weights follow them."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Adam's decay of the mean of gradients."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Adam's decay of the mean of squared gradients."""
    reverse_complement: bool = True
    """Whether every second region, by chance and anew each epoch, is read on its other strand; the
    coverage of the two strands of an experiment is exchanged then."""
    shift: int = Field(default=3, ge=0)
    """Most bp by which the sequence of a region is shifted against its coverage, by chance and anew
    each epoch; 0 for none."""
    margin: int = Field(default=0, ge=0)
    """Bins at each end of a region that are left out of the loss and of the score."""
    stirling: bool = False
    """Whether the loss has the part that depends on the coverage only, by Stirling's approximation;
    the gradients are the same."""
    gradient_checkpointing: bool = False
    """Whether to compute parts of the model again instead of keeping them for the gradients, which
    takes less memory and more time."""
    nodes: int = Field(default=1, ge=1)
    """Number of machines, each of which has ``devices`` and the same file system. The command is
    given once on each, with NODE_RANK from 0 up, MASTER_ADDR and MASTER_PORT in its environment."""
    loader_workers: int = Field(default=0, ge=0)
    """Processes that read regions ahead; a GPU at full size wants 4, a CPU none."""

    def trainer_options(self) -> dict[str, Any]:
        """Give what Lightning's trainer is to be told."""
        options = super().trainer_options()
        if self.accelerator == "auto":
            import torch

            # Apple's GPUs, which Lightning would take, have no float64, in which scores are summed.
            options["accelerator"] = "cuda" if torch.cuda.is_available() else "cpu"
        if self.nodes > 1:
            options["strategy"] = "ddp_spawn"
        return options | {"num_nodes": self.nodes, "accumulate_grad_batches": self.accumulate}
