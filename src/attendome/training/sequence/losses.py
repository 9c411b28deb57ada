"""What training of sequence models minimises."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

_LEAST = 1e-30
"""Added to λ in its logarithm. PyTorch's 1e-8 would leave predictions below that where they are."""


def poisson_losses(
    predicted: Float[Tensor, "batch bin track"],
    observed: Float[Tensor, "batch bin track"],
    *,
    stirling: bool = False,
) -> tuple[Float[Tensor, "batch"], Float[Tensor, "batch"]]:
    """Give the log-Poisson loss of each region, λ − y log λ for a prediction λ of a coverage y.

    With Stirling's approximation of log y!, y log y − y + log(2πy) / 2 is added where y > 1: what
    remains is the negative log-likelihood of counts. Neither PyTorch nor TensorFlow adds it by
    default. The prediction does not stand in it, so that the gradients are the same.

    Args:
        predicted: expected coverage, above 0.
        observed: coverage; bins of NaN, where it is not known, are left out.
        stirling: whether the approximation of log y! is added.

    Returns:
        The sum over the known bins and tracks of each region, and their number.
    """
    known = ~observed.isnan()
    loss = functional.poisson_nll_loss(
        predicted,
        observed.masked_fill(~known, 0),  # NaN would reach the gradients through what is left out
        log_input=False,
        full=stirling,
        eps=_LEAST,
        reduction="none",
    )
    return (loss * known).sum(dim=(1, 2)), known.sum(dim=(1, 2)).to(loss)


def inner(
    values: Float[Tensor, "batch bin track"], margin: int
) -> Float[Tensor, "batch inner track"]:
    """Leave out ``margin`` bins at each end."""
    return values[:, margin : values.shape[1] - margin]
