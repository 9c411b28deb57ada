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


def pack_numbers(values: Float[np.ndarray, "..."]) -> str:
    """Pack numbers of any size, exactly as float32."""
    return _pack(values.astype("<f4"))


def pack_shares(values: Float[np.ndarray, "..."]) -> str:
    """Pack shares between 0 and 1, to within 1 / 131070, as uint16."""
    return _pack(np.round(values * SHARE_STEPS).astype("<u2"))


def _pack(values: np.ndarray[Any, np.dtype[Any]]) -> str:
    # Without a time of writing in it, the same content gives the same file.
    packed = gzip.compress(values.tobytes(), compresslevel=6, mtime=0)
    return base64.b64encode(packed).decode("ascii")
