import numpy as np
import pandas as pd
import pytest

from attendome.reports.sequence import figures


def test_a_bar_for_each_assay_of_each_model():
    scores = pd.DataFrame(
        {
            "model": ["a", "a", "<b>", "<b>"],
            "assay": ["CAGE", "DNASE"] * 2,
            "value": [0.1, 0.2, 0.3, 0.4],
            "low": [0.05, 0.1, 0.2, np.nan],
            "high": [0.2, 0.3, 0.4, np.nan],
        }
    )
    figure = figures.assay_bars(scores, "r2")
    first, second = figure.data
    assert second.name == "&lt;b&gt;"
    np.testing.assert_allclose(second.y, [0.3, 0.4])
    np.testing.assert_allclose(first.error_y.array, [0.1, 0.1])
    np.testing.assert_allclose(first.error_y.arrayminus, [0.05, 0.1])
    assert first.marker.color != second.marker.color
    assert figure.layout.yaxis.title.text == "mean R² over tracks"


def test_every_track_is_a_point_of_its_assay(content):
    figure = figures.distribution(content.tracks)
    assert sum(len(box.y) for box in figure.data) == content.tracks["pearson"].notna().sum()
    assert {box.x[0] for box in figure.data} == set(content.tracks["assay"])
    assert {box.boxpoints for box in figure.data} == {"all"}


def test_of_thousands_of_tracks_only_outliers_are_points(make_content):
    figure = figures.distribution(make_content(1500).tracks)
    assert {box.boxpoints for box in figure.data} == {"outliers"}


def test_the_maximum_of_each_position_function_is_marked(content):
    figure = figures.position_functions(content.positions)
    marked = [trace for trace in figure.data if trace.mode == "markers"]
    assert [list(trace.x) for trace in marked] == [[0], [1024]]
    assert [list(trace.y) for trace in marked] == [[1], [1]]
    assert figure.layout.yaxis.title.text == "f, which multiplies the score"


def test_even_attention_is_drawn_as_one(content):
    even = content.attention.assign(
        mass=content.attention["even"].broadcast_like(content.attention["mass"])
    )
    figure = figures.attention_by_offset(even)
    np.testing.assert_allclose(figure.data[0].y, 1)
    assert max(figure.data[0].x) == 51 * 128, "beyond, fewer than a fifth of 64 bins have a partner"


def test_attention_is_summed_from_the_bin_itself_outwards(content):
    within = figures.cumulated(content.attention)
    offset, mass = content.attention["offset"].to_numpy(), content.attention["mass"].to_numpy()
    assert within["distance"].to_numpy().tolist() == sorted(set(np.abs(offset).tolist()))
    for number, distance in enumerate(within["distance"].to_numpy()):
        expected = mass[:, np.abs(offset) <= distance].sum(axis=1)
        np.testing.assert_allclose(within["mass"].to_numpy()[:, number], expected)
    np.testing.assert_allclose(within["even"].to_numpy()[-1], 1)
    drawn = figures.attention_within(content.attention)
    assert [trace.name for trace in drawn.data] == ["head 1", "head 2", "even"]
    assert max(drawn.data[0].x) == offset.max()


@pytest.mark.parametrize("by", ["assay", "model"])
def test_reach_goes_from_near_to_far(content, by):
    table = content.reach.rename(columns={"assay": by}).sample(frac=1, random_state=0)
    figure = figures.reach(table, by)
    assert {trace.name for trace in figure.data} == {"CAGE", "DNASE", "CHIP"}
    for trace in figure.data:
        assert list(trace.x) == ["0", "512", "4,096", "32,768"]
        np.testing.assert_allclose(trace.y, [0.2, 0.25, 0.3, 0.35])


def test_lines_of_many_heads_can_be_told_apart():
    looks = [figures.line(number) for number in range(32)]
    assert len({(look["color"], look["dash"]) for look in looks}) == 32
