"""The report in a real browser, offline."""

import re
import time

import numpy as np
import pytest

from attendome.reports import write_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give a function that writes a report once and says where it is."""
    folder, pages = tmp_path_factory.mktemp("reports"), {}

    def write(content):
        if content.title not in pages:
            pages[content.title] = folder / f"{len(pages)}.html"
            write_report(content, pages[content.title])
        return pages[content.title].as_uri()

    return write


@pytest.fixture(scope="module")
def expect(browser):  # noqa: ARG001 - it skips where there is no browser
    """Give playwright's assertions, which wait for what they assert."""
    from playwright import sync_api

    return sync_api.expect


@pytest.fixture
def open_page(open_offline, written):
    """Give a function that opens a report."""
    return lambda content, suffix="": open_offline(written(content) + suffix)


def first_cells(page, column=1):
    return page.locator(f"#gene-table tbody td:nth-child({column})").all_text_contents()


def drawn(page, place):
    """The traces that plotly shows in a place."""
    return page.evaluate(
        f"document.getElementById('{place}').data.map(t => ({{y: Array.from(t.y), name: t.name}}))"
    )


def test_all_figures_are_drawn(open_page, content):
    page = open_page(content)
    assert page.locator("[data-figure] .main-svg").count() >= 6
    shown = page.locator("[data-figure='alpha']").text_content()
    assert "position from the TSS (bp), 5'→3'" in shown
    assert page.locator("#gene").is_hidden()


def test_the_page_of_a_model_of_expression(open_page, of_expression):
    page = open_page(of_expression, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    assert page.locator("[data-figure='scatter'] .main-svg").count() >= 1
    maps = of_expression.maps.isel(gene=41)
    facts = page.inner_text("#gene-facts")
    assert f"{float(maps['predicted_expression']):.4f}" in facts
    assert f"{float(maps['observed_expression']):.4f}" in facts
    button = page.get_by_role("button", name="Observed log2(1 + expression)")
    button.click()
    observed = np.sort(of_expression.maps["observed_expression"].to_numpy())
    shown = [float(cell) for cell in first_cells(page, 4)]
    np.testing.assert_allclose(shown, observed[: len(shown)], atol=1e-4)


@pytest.mark.parametrize("text", ["SIM00077", "gene77", " Gene77 "])
def test_a_gene_is_found_by_id_or_name(open_page, content, text):
    page = open_page(content)
    page.fill("#search", text)
    page.press("#search", "Enter")
    page.locator("#search").blur()
    page.wait_for_selector("#gene:not([hidden])")
    assert page.inner_text("#gene-title") == "SIM00077 (Gene77)"
    assert page.url.endswith("#gene=SIM00077")


def test_the_gene_page_shows_the_genes_own_numbers(open_page, content):
    page = open_page(content, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    maps = content.maps.isel(gene=41)
    traces = drawn(page, "gene-plot")
    signal = np.array([t["y"] for t in traces if t["name"] == "signal"])
    alpha = np.array([t["y"] for t in traces if t["name"] == "α"])
    np.testing.assert_array_equal(signal, content.signal[41])
    np.testing.assert_allclose(alpha, maps["alpha"], atol=1e-5)
    np.testing.assert_allclose(drawn(page, "gene-beta")[0]["y"], maps["beta"], atol=1e-5)
    assert f"{float(maps['probability']):.4f}" in page.inner_text("#gene-facts")


@pytest.mark.parametrize(
    ("kind", "names"), [("alpha_only", {"signal", "α"}), ("no_attention", {"signal"})]
)
def test_the_gene_page_of_a_model_without_beta_or_without_attention(
    request, open_page, kind, names
):
    content = request.getfixturevalue(kind)
    page = open_page(content, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    traces = drawn(page, "gene-plot")
    assert {trace["name"] for trace in traces} == names
    signal = np.array([trace["y"] for trace in traces if trace["name"] == "signal"])
    np.testing.assert_array_equal(signal, content.signal[41])
    assert page.locator("#gene-beta").count() == 0
    assert "Highest α·β" not in page.inner_text("#gene-table thead")
    assert f"{float(content.maps['probability'][41]):.4f}" in page.inner_text("#gene-facts")


def test_another_row_is_another_gene(open_page, content):
    page = open_page(content, "#gene=SIM00001")
    before = drawn(page, "gene-plot")
    page.locator("#gene-table tbody tr").nth(1).click()
    page.locator("#gene-title", has_text="00002").wait_for()
    assert drawn(page, "gene-plot") != before
    assert page.locator("tr.chosen td").first.inner_text() == "SIM00002"


def test_sorting_and_paging(open_page, content):
    page = open_page(content)
    button = page.get_by_role("button", name="Probability of on")
    button.click()
    rising = [float(cell) for cell in first_cells(page, 5)]
    page.get_by_role("button", name="Next").click()
    rising += [float(cell) for cell in first_cells(page, 5)]
    expected = np.sort(content.maps["probability"].to_numpy())[: len(rising)]
    np.testing.assert_allclose(rising, expected, atol=1e-4)
    button.click()
    assert float(first_cells(page, 5)[0]) == pytest.approx(
        float(content.maps["probability"].max()), abs=1e-4
    )


def test_the_mark_with_the_highest_weight_is_named(open_page, content):
    page = open_page(content)
    weight = (content.maps["alpha"] * content.maps["beta"]).max("bin")
    expected = content.maps["mark"].to_numpy()[weight.argmax("mark").to_numpy()]
    shown = first_cells(page, 6)
    assert shown == list(expected[: len(shown)])


def test_the_table_is_filtered_while_typing(open_page, content):
    page = open_page(content)
    page.locator("#search").press_sequentially("SIM0010")
    assert page.inner_text("#found") == "10 found"
    assert first_cells(page) == [f"SIM{n:05d}" for n in range(100, 110)]
    page.fill("#search", "no such gene")
    assert first_cells(page) == []


def test_a_gene_is_chosen_with_the_keyboard(open_page, content):
    page = open_page(content)
    page.locator("#gene-table tbody tr").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#gene:not([hidden])")
    assert page.inner_text("#gene-title") == "SIM00003 (Gene3)"


def test_hostile_names_are_text(open_page, hostile, expect):
    page = open_page(hostile)
    rows = page.locator("#gene-table tbody tr")
    assert rows.nth(0).locator("td").nth(1).inner_text().startswith("<img")
    for row in range(3):
        rows.nth(row).click()
        expect(rows.nth(row)).to_have_class(re.compile("chosen"))
    expect(page.locator("#gene-title")).to_have_text(re.compile("^a&b#c=d é"))
    expect(page.locator("#gene-plot .annotation-text").nth(4)).to_have_text("<b>bold</b>")
    expect(page.locator("#shown-marks label").nth(1)).to_have_text("<b>bold</b>")
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None


def layers(page):
    """The values that are drawn of each map, by its name: mark × bin."""
    found = {}
    for trace in drawn(page, "gene-plot"):
        found.setdefault(trace["name"], []).append(trace["y"])
    return {name: np.array(values) for name, values in found.items()}


def test_the_gene_page_shows_maps_under_the_signal(open_page, explained):
    page = open_page(explained, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    found = layers(page)
    assert list(found) == ["signal", "α", "gradient-x-input", "occlusion"]
    maps = explained.explanations.maps
    for name in ("gradient-x-input", "occlusion"):
        expected = maps[name]["importance"].to_numpy()[41]
        step = np.abs(expected).max(axis=1, keepdims=True) / 127
        assert (np.abs(found[name] - expected) <= 0.51 * step).all()
    removal = maps["occlusion"]["mark_importance"].to_numpy()[41]
    np.testing.assert_allclose(drawn(page, "gene-removal")[0]["y"], removal, rtol=1e-5)
    titles = page.locator("#gene-plot .ytitle, #gene-plot .y4title").all_text_contents()
    assert titles == ["signal", "log odds"]
    assert page.inner_text("#gene-notes") == ""


def test_signs_have_colours_and_marks_one_scale(open_page, explained):
    page = open_page(explained, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    colours, ranges = page.evaluate(
        """() => {
          const plot = document.getElementById("gene-plot");
          const of = plot.data.filter((t) => t.name === "gradient-x-input");
          const key = (trace) => trace.yaxis.replace("y", "yaxis");
          return [
            of.map((t) => t.y.map((y, n) => [Math.sign(y), t.marker.color[n]])).flat(),
            of.map((t) => plot.layout[key(t)].range),
          ];
        }"""
    )
    assert {tuple(pair) for pair in colours if pair[0]} == {(1, "#D55E00"), (-1, "#0072B2")}
    assert all(found == ranges[0] for found in ranges)
    low, high = ranges[0]
    assert low < 0 < high


def test_marks_and_maps_are_chosen(open_page, explained):
    page = open_page(explained, "#gene=SIM00042")
    page.wait_for_selector("#gene-plot .main-svg")
    before = layers(page)
    height = page.locator("#gene-plot .main-svg").first.bounding_box()["height"]
    page.get_by_label("α", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_label(str(explained.maps["mark"].to_numpy()[0]), exact=True).uncheck()
    after = layers(page)
    assert list(after) == ["signal", "gradient-x-input", "occlusion"]
    for name, values in after.items():
        np.testing.assert_array_equal(values, before[name][1:])
    assert page.locator("#gene-plot .main-svg").first.bounding_box()["height"] < height
    page.locator("#gene-table tbody tr").nth(1).click()
    page.locator("#gene-title", has_text="00002").wait_for()
    assert list(layers(page)) == ["signal", "gradient-x-input"], "the choice stays"
    for box in page.locator("#shown-layers input").all():
        box.uncheck()
    assert layers(page) == {}


def test_a_gene_that_a_map_does_not_cover(open_page, explained):
    page = open_page(explained, "#gene=SIM00001")
    page.wait_for_selector("#gene-plot .main-svg")
    assert page.inner_text("#gene-notes") == "occlusion does not cover this gene."
    assert list(layers(page)) == ["signal", "α", "gradient-x-input"]
    assert page.locator("#gene-removal").is_hidden()
    page.goto(page.url.replace("SIM00001", "SIM00042"))
    page.locator("#gene-title", has_text="00042").wait_for()
    assert page.locator("#gene-removal").is_visible()
    assert page.inner_text("#gene-notes") == ""


def test_plots_keep_their_place_when_the_window_changes(open_page, content, expect):
    page = open_page(content, "#gene=SIM00001")
    page.locator("#gene-table tbody tr").nth(1).click()
    page.locator("#gene-title", has_text="00002").wait_for()
    pictures = [place.locator(".main-svg").first for place in page.locator(".plot").all()]
    widths = [picture.get_attribute("width") for picture in pictures]
    page.set_viewport_size({"width": 900, "height": 900})
    for picture, width in zip(pictures, widths, strict=True):
        expect(picture).not_to_have_attribute("width", width)
    for place in page.locator(".plot").all():
        drawn_height = place.locator(".main-svg").first.bounding_box()["height"]
        assert place.bounding_box()["height"] >= drawn_height > 100


@pytest.mark.parametrize("gene", ["%E0%A4%A", "SIM99999"])
def test_a_link_to_no_gene_is_answered(open_page, content, gene):
    page = open_page(content, f"#gene={gene}")
    assert page.inner_text("#found") == f"This report has no gene {gene}."
    page.locator("#gene-table tbody tr").first.click()
    page.wait_for_selector("#gene:not([hidden])")


@pytest.mark.parametrize("kind", ["content", "explained", "hostile"])
def test_a_narrow_screen_does_not_scroll_sideways(request, open_page, kind):
    page = open_page(request.getfixturevalue(kind), "#gene=SIM00042")
    page.set_viewport_size({"width": 400, "height": 800})
    deadline = time.monotonic() + 30
    while page.evaluate("document.documentElement.scrollWidth") > 400:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
