"""DNA as a model reads it."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

_PLANES = torch.cat([torch.eye(4), torch.full((1, 4), 0.25)])


def one_hot(sequence: UInt8[Tensor, "*batch position"]) -> Float[Tensor, "*batch 4 position"]:
    """Turn the codes of bases, A C G T N = 0..4, into four channels; N is a quarter of each.

    >>> one_hot(torch.tensor([0, 3, 4], dtype=torch.uint8))[..., 1:]
    tensor([[0.0000, 0.2500],
            [0.0000, 0.2500],
            [0.0000, 0.2500],
            [1.0000, 0.2500]])
    """
    return _PLANES.to(sequence.device)[sequence.long()].transpose(-1, -2)
