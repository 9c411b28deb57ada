"""Arrays inside a page, small enough for thousands of genes.

The browser unpacks them: base64, gzip, little-endian numbers in C order.
"""

import base64
import gzip
from typing import Any

import numpy as np
from jaxtyping import Float

SHARE_STEPS = 65535
"""Shares between 0 and 1 are kept as whole multiples of 1 / 65535."""
_MAP_STEPS = 127


def pack_numbers(values: Float[np.ndarray, "..."]) -> str:
    """Pack numbers of any size, exactly as float32."""
    return _pack(values.astype("<f4"))


def pack_shares(values: Float[np.ndarray, "..."]) -> str:
    """Pack shares between 0 and 1, to within 1 / 131070, as uint16."""
    return _pack(np.round(values * SHARE_STEPS).astype("<u2"))


def pack_map(values: Float[np.ndarray, "gene mark bin"]) -> dict[str, str]:
    """Pack a map to within 1/254 of the largest size in its gene and mark.

    Returns:
        ``steps``, a float32 per gene and mark, NaN where values are missing, and ``multiples`` of
        them, an int8 per cell.
    """
    steps = (np.abs(values).max(axis=2) / _MAP_STEPS).astype("<f4")
    divisor = np.where(steps > 0, steps, 1)[:, :, None]
    multiples = np.nan_to_num(np.round(values / divisor)).clip(-_MAP_STEPS, _MAP_STEPS).astype("i1")
    return {"steps": _pack(steps), "multiples": _pack(multiples)}


def _pack(values: np.ndarray[Any, np.dtype[Any]]) -> str:
    # Without a time of writing in it, the same content gives the same file.
    packed = gzip.compress(values.tobytes(), compresslevel=6, mtime=0)
    return base64.b64encode(packed).decode("ascii")
