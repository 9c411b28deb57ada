"""The report of a sequence run in a real browser, offline."""

import time

import numpy as np
import pytest

from attendome.reports.sequence.html import write_sequence_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give a function that writes a report once and says where it is."""
    folder, pages = tmp_path_factory.mktemp("reports"), {}

    def write(content):
        if content.title not in pages:
            pages[content.title] = folder / f"{len(pages)}.html"
            write_sequence_report(content, pages[content.title])
        return pages[content.title].as_uri()

    return write


@pytest.fixture
def open_page(open_offline, written):
    """Give a function that opens a report."""
    return lambda content: open_offline(written(content))


def cells(page, column):
    return page.locator(f"#track-table tbody td:nth-child({column})").all_text_contents()


def drawn(page, place="coverage-plot"):
    """The values that plotly shows in a place, by trace."""
    return page.evaluate(
        f"document.getElementById('{place}').data.map(t => ({{x: Array.from(t.x), "
        "y: Array.from(t.y), name: t.name}))"
    )


def test_all_figures_are_drawn(open_page, content):
    page = open_page(content)
    for place in page.locator(".plot").all():
        assert place.locator(".main-svg").count() >= 1
    assert "offset (bp; + to higher positions)" in page.text_content("[data-figure='positions']")


def test_the_best_track_comes_first_and_what_is_not_known_last(open_page, content):
    page = open_page(content)
    expected = content.tracks.dropna().sort_values("pearson", ascending=False)["track"].tolist()
    assert cells(page, 1) == expected[:12]
    page.get_by_role("button", name="Pearson's r").click()
    assert cells(page, 1) == expected[::-1][:12]
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    assert cells(page, 1)[-1] == "T0"
    assert cells(page, 4)[-1] == "–"


def test_tracks_are_searched(open_page, content):
    page = open_page(content)
    page.fill("#search", "cell 17")
    assert page.inner_text("#found") == "1 found"
    assert cells(page, 1) == ["T17"]


def test_a_region_and_a_track_are_chosen(open_page, content):
    page = open_page(content)
    coverage = content.coverage
    regions = page.locator("#region option").all_text_contents()
    assert len(regions) == 8
    assert regions[1] == "chr2:1,200,000–1,208,192"
    for region, track in ((0, 0), (1, 0), (1, 4)):
        page.select_option("#region", str(region))
        page.select_option("#track", str(track))
        observed, predicted = drawn(page)
        found = coverage.isel(region=region, track=track)
        np.testing.assert_allclose(observed["y"], found["observed"], rtol=1e-6)
        np.testing.assert_allclose(predicted["y"], found["predicted"], rtol=1e-6)
        assert observed["x"][:2] == [int(found["bin_start"]) + 64, int(found["bin_start"]) + 192]
        assert f"position on chr{region + 1} (bp, 0-based)" in page.text_content("#coverage-plot")
        assert "Unit: coverage (sum over 128 bp)." in page.inner_text("#track-facts")


def test_a_row_of_the_table_chooses_its_track(open_page, content):
    page = open_page(content)
    before = drawn(page, "density-plot")[0]
    track = str(content.coverage["track"].to_numpy()[5])
    page.fill("#search", track)
    page.locator("#track-table tbody tr").first.click()
    assert page.input_value("#track") == "5"
    assert page.inner_text("#track-facts").startswith(f"{track}:")
    assert drawn(page, "density-plot")[0] != before
    assert page.locator("tr.chosen td").first.inner_text() == track


def test_a_track_that_is_not_shown_is_only_marked(open_page, content):
    page = open_page(content)
    shown = page.input_value("#track")
    other = next(t for t in content.tracks["track"] if t not in content.coverage["track"])
    page.fill("#search", other)
    page.press("#search", "Enter")
    page.locator("tr.chosen").wait_for()
    assert page.input_value("#track") == shown


def test_a_model_without_all_of_it(open_page, bare):
    page = open_page(bare)
    assert page.locator("#coverage").count() == 0
    page.locator("#track-table tbody tr").first.click()
    assert page.locator("tr.chosen").count() == 1


def test_hostile_names_are_text(open_page, hostile):
    page = open_page(hostile)
    page.fill("#search", "<img")
    page.locator("#track-table tbody tr").first.click()
    assert cells(page, 1) == ["<img src=x onerror=window.hacked=1>"]
    page.select_option("#track", "0")
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None
    assert "position on <img" in page.text_content("#coverage-plot")


@pytest.mark.parametrize("kind", ["content", "hostile"])
def test_a_narrow_screen_does_not_scroll_sideways(request, open_page, kind):
    page = open_page(request.getfixturevalue(kind))
    page.set_viewport_size({"width": 400, "height": 800})
    deadline = time.monotonic() + 30
    while page.evaluate("document.documentElement.scrollWidth") > 400:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
