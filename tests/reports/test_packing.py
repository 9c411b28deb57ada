import base64
import gzip

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from attendome.reports.packing import SHARE_STEPS, pack_numbers, pack_shares


def unpack(text, kind):
    return np.frombuffer(gzip.decompress(base64.b64decode(text)), kind)


def test_numbers_are_exact():
    values = np.array([[0, 1.5], [70000.25, 3e-7]], np.float32)
    np.testing.assert_array_equal(unpack(pack_numbers(values), "<f4"), values.ravel())


@given(arrays(np.float32, 20, elements={"min_value": 0, "max_value": 1}))
def test_shares_are_kept_to_half_a_step(values):
    found = unpack(pack_shares(values), "<u2") / SHARE_STEPS
    assert np.abs(found - values).max() <= 0.5 / SHARE_STEPS + 1e-7


def test_the_same_content_gives_the_same_text():
    assert pack_numbers(np.ones(3, np.float32)) == pack_numbers(np.ones(3, np.float32))
