import base64
import gzip

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from attendome.reports.packing import SHARE_STEPS, pack_map, pack_numbers, pack_shares


def unpack(text, kind):
    return np.frombuffer(gzip.decompress(base64.b64decode(text)), kind)


def test_numbers_are_exact():
    values = np.array([[0, 1.5], [70000.25, 3e-7]], np.float32)
    np.testing.assert_array_equal(unpack(pack_numbers(values), "<f4"), values.ravel())


@given(arrays(np.float32, 20, elements={"min_value": 0, "max_value": 1}))
def test_shares_are_kept_to_half_a_step(values):
    found = unpack(pack_shares(values), "<u2") / SHARE_STEPS
    assert np.abs(found - values).max() <= 0.5 / SHARE_STEPS + 1e-7


def unpack_map(packed, shape):
    multiples = unpack(packed["multiples"], "i1").reshape(shape)
    return multiples * unpack(packed["steps"], "<f4").reshape(*shape[:2], 1)


@given(arrays(np.float32, (2, 3, 4), elements={"min_value": -(2**100), "max_value": 2**100}))
def test_maps_are_kept_to_half_a_step_of_their_gene_and_mark(values):
    found = unpack_map(pack_map(values), values.shape)
    largest = np.abs(values).max(axis=2, keepdims=True)
    assert (np.abs(found - values) <= largest / 253 + 1e-36).all()
    assert (found[values == 0] == 0).all()


def test_a_gene_that_is_not_covered_has_no_step():
    values = np.array([[[1, -2]], [[np.nan, np.nan]]], np.float32)
    steps = unpack(pack_map(values)["steps"], "<f4")
    assert steps[0] == np.float32(2 / 127)
    assert np.isnan(steps[1])


def test_the_same_content_gives_the_same_text():
    assert pack_numbers(np.ones(3, np.float32)) == pack_numbers(np.ones(3, np.float32))
