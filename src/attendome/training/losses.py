"""What training minimises."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from attendome.models.readout import TargetName


def target_loss(
    target: TargetName, prediction: Float[Tensor, "batch"], value: Float[Tensor, "batch"]
) -> Tensor:
    """Give the loss of predictions.

    That is the binary cross-entropy of log odds and labels, or the mean squared error of
    standardised log expression.
    """
    if target == "label":
        return functional.binary_cross_entropy_with_logits(prediction, value)
    return functional.mse_loss(prediction, value)


class SecondTarget(nn.Module):
    """Log expression as a second target of a model that predicts labels.

    The prediction x is asked to be log expression too, but for a line with learned a and b:
    weight · mean (a · x + b − y)². What is known of a gene beyond on or off so reaches the model.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.line = nn.Linear(1, 1, device="meta").to_empty(device="cpu")  # draws no random numbers
        nn.init.ones_(self.line.weight)
        nn.init.zeros_(self.line.bias)

    def forward(
        self, prediction: Float[Tensor, "batch"], expression: Float[Tensor, "batch"]
    ) -> Tensor:
        """Give what the loss grows by."""
        fitted = self.line(prediction.unsqueeze(-1)).squeeze(-1)
        return self.weight * functional.mse_loss(fitted, expression)
