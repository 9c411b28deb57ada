"""Logos: which letters stand where, how high, and the effects below."""

import numpy as np
import pytest
import xarray as xr

from attendome.reports.paper import save_figure
from attendome.reports.sequence.logos import logo


@pytest.fixture
def maps():
    """130 bases of two tracks; the fourth is unknown."""
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 4, 130).astype(np.uint8)
    codes[3] = 4
    importance = generator.normal(0, 0.1, (2, 130)).astype(np.float32)
    importance[:, 3] = 0
    variables = {
        "importance": (("track", "position"), importance),
        "effect": (("track", "position", "base"), generator.normal(0, 0.2, (2, 130, 4))),
        "sequence": ("position", codes),
    }
    coords = {"track": ["A$_1", "B"], "position": np.arange(130) + 5_000_011, "base": list("ACGT")}
    about = {"chrom": "chr21", "at_start": 5_000_000, "at_end": 5_000_128, "model": "attention"}
    return xr.Dataset(variables, coords, about | {"summary": "effect of the base"})


def test_letters_are_as_high_as_they_are_important(maps):
    figure = logo(maps, "B")
    first, _, second, _, _ = figure.axes
    drawn = {}
    for panel in (first, second):
        for patch in panel.patches:
            box = patch.get_path().get_extents()
            if box.height:
                middle = round((box.x0 + box.x1) / 2)
                drawn[middle] = box.y1 if box.y1 > 1e-9 else box.y0
    expected = maps["importance"].sel(track="B").to_series()
    assert sorted(drawn) == [p for p in expected.index if p != 5_000_014]
    for place, height in drawn.items():
        assert height == pytest.approx(expected[place], abs=1e-6)


def test_axes_say_what_they_show(maps):
    figure = logo(maps, "A$_1")
    letters, effects, _, last, scale = figure.axes
    assert letters.get_ylabel() == "importance\n(log fold change)"
    assert last.get_xlabel() == "chr21 (bp, 0-based)"
    assert scale.get_ylabel() == "effect of a base\n(log fold change)"
    assert [label.get_text() for label in effects.get_yticklabels()] == list("ACGT")
    assert effects.get_xticklabels()[0].get_text() == "5,000,020"
    assert letters.get_xlim() == effects.get_xlim()
    np.testing.assert_array_equal(
        effects.images[0].get_array(), maps["effect"].to_numpy()[0, :100].T
    )
    assert "chr21:5,000,000-5,000,128" in figure.get_suptitle()


def test_nothing_important_is_drawn_too(maps, tmp_path):
    nothing = maps.assign(importance=maps["importance"] * 0, effect=maps["effect"] * 0)
    figure = logo(nothing.isel(position=slice(0, 20)), "B")
    save_figure(figure, tmp_path, "logo")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".pdf", ".png", ".svg"]
