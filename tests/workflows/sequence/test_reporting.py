import json
from dataclasses import replace

import pandas as pd
import pytest

from attendome.errors import RunError
from attendome.workflows.sequence.reporting import report_content


@pytest.fixture
def scored(run):
    """The run with scores of the test split."""
    run.evaluate()
    return run


def content_of(run, **changed):
    return report_content(run, run.dataset(), run.last_scores() | changed)


def test_the_report_is_written(scored):
    path = scored.report()
    text = path.read_text(encoding="utf-8")
    assert path == scored.path / "report.html"
    for name in ("pearson", "distribution", "history"):
        assert f'data-figure="{name}"' in text
    assert f"<code>attendome evaluate {scored.path} --reach</code>" in " ".join(text.split())


def test_what_was_trained_on_what_is_said(scored):
    content = content_of(scored)
    count = sum(p.numel() for p in scored.model.parameters())
    facts = content.facts
    assert facts["Model"] == f"dilated, {count:,} trainable parameters"
    assert facts["Assembly"] == "hg38"
    assert facts["Regions"] == "6 train, 2 valid, 2 test"
    assert facts["Sequence"] == "64 bp; 6 bins of 8 bp, 8 bp cropped on each side"
    assert facts["Tracks"] == "2 CAGE, 1 DNASE"
    assert "scale = small" in facts["Settings"]
    assert facts["Scored on"] == f"split 'test' of {scored.config.data[0]}"
    assert content.tracks["track"].tolist() == ["A+", "A-", "B"]
    assert len(content.history) == 2
    assert content.coverage.sizes == {"region": 2, "bin": 6, "track": 3}


def test_what_was_averaged_over_is_said_and_shown(scored):
    plain = content_of(scored)
    averaging = {"reverse_complement": True, "shifts": [0, 1]}
    content = content_of(scored, averaging=averaging)
    assert content.facts["Scored on"].endswith(
        "; predictions are means over both strands and shifts of 0, 1 bp"
    )
    assert not content.coverage["predicted"].equals(plain.coverage["predicted"])


def test_a_warm_start_is_said(scored):
    config = scored.config.model_copy(update={"init_from": "there", "restored": ("tower", "last")})
    facts = content_of(replace(scored, config=config)).facts
    assert facts["Weights"].endswith(", started from there (tower, last restored)")


@pytest.mark.parametrize(
    ("split", "warning"),
    [
        ("train", "These regions were used in training: the scores are too good for new regions."),
        ("valid", "These regions chose the best epoch: the scores are too good for new regions."),
    ],
)
def test_regions_that_training_saw_are_warned_of(scored, split, warning):
    assert warning in content_of(scored, split=split).warnings


def test_the_test_regions_of_the_small_dataset_are_apart(scored):
    assert content_of(scored).warnings == []


def test_regions_that_overlap_are_warned_of(scored):
    data = scored.dataset()
    start = data.regions["start"].to_numpy().copy()
    start[8] = 30  # of test, on the first of training
    moved = data.xarray.assign_coords(start=("region", start), end=("region", start + 64))
    other = replace(data, xarray=moved)
    config = scored.config.model_copy(update={"fingerprint": other.fingerprint()})
    content = report_content(replace(scored, config=config), other, scored.last_scores())
    assert content.warnings == [
        "1 of 2 regions scored overlap the input of a training region: part of their sequence was "
        "seen in training."
    ]


def test_another_dataset_and_tracks_left_out_are_warned_of(scored):
    config = scored.config.model_copy(update={"fingerprint": "other"})
    metrics = scored.last_scores() | {"left_out": 1, "constant": 2}
    content = report_content(replace(scored, config=config), scored.dataset(), metrics)
    other, left_out, constant = content.warnings
    assert other.startswith("The regions scored are not of the dataset")
    assert left_out.startswith("1 of 3 tracks have the same coverage")
    assert constant.startswith("The predictions of 2 tracks are the same")


def test_reach_is_shown_where_it_was_computed(scored):
    assert content_of(scored).reach is None
    table = scored.evaluate_reach([0, 64])
    content = content_of(scored)
    pd.testing.assert_frame_equal(content.reach, table[content.reach.columns.tolist()])
    assert 'data-figure="reach"' in scored.report().read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", ["missing", "other"])
def test_a_damaged_table_is_said(scored, damage):
    path = scored.path / "tracks.parquet"
    path.unlink()
    if damage == "other":
        path.write_text(json.dumps({}))
    with pytest.raises(RunError, match="make it again with: attendome evaluate"):
        scored.report()
