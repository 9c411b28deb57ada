import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from attendome.data.opening import open_dataset
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import new_sequence_dataset
from attendome.errors import SettingsError
from attendome.evaluation.sequence.reach import (
    accuracy_against_reach,
    reach_blocks,
    reach_distances,
    windows,
)
from attendome.evaluation.sequence.scores import score_tracks
from attendome.models.sequence.bases import one_hot
from attendome.training.sequence.sums import RegionSums

LENGTH, BIN, CROP, BINS, REGIONS = 320, 8, 40, 30, 12
NEAR, FAR = 16, 64  # what the tracks depend on, in bp from the edges of a bin


def model(sequence):
    """Count the G beyond a bin, up to a distance that is another for each track."""
    g = one_hot(sequence)[:, 2] - 0.25
    tracks = []
    for reach in (NEAR, FAR):
        total = functional.conv1d(g[:, None], torch.ones(1, 1, BIN + 2 * reach), padding=reach)
        tracks.append(total[:, 0, ::BIN][:, CROP // BIN : CROP // BIN + BINS])
    return torch.stack(tracks, dim=-1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    start = LENGTH * np.arange(REGIONS)
    regions = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + LENGTH})
    tracks = pd.DataFrame(
        {"assay": ["DNASE", "CAGE"], "description": ["", ""], "strand_pair": [0, 1]},
        index=["near", "far"],
    )
    layout = SequenceLayout(regions.assign(split="test"), tracks, BIN, CROP, dtype="float32")
    path, generator = tmp_path_factory.mktemp("reach") / "toy.zarr", np.random.default_rng(0)
    with new_sequence_dataset(path, layout) as writer:
        for number in range(REGIONS):
            sequence = generator.integers(0, 4, LENGTH, dtype=np.uint8)
            coverage = model(torch.from_numpy(sequence)[None])[0].numpy()
            noise = generator.normal(size=coverage.shape).astype(np.float32)
            writer.write(number, sequence, coverage + noise)
        writer.finish()
    return open_dataset(path)


def reached(data, distances, block=1, **options):
    table = accuracy_against_reach(model, data, distances, block=block, **options)
    return table.set_index(["assay", "distance"])


def plain(data, margin=0):
    sums, inner = RegionSums.of(data), slice(margin, BINS - margin)
    for number in range(len(data)):
        sequence, coverage = (torch.from_numpy(part)[None] for part in data.read(number))
        sums.add(torch.tensor([number]), coverage[:, inner], model(sequence)[:, inner])
    return score_tracks(sums, split="test", data=data.name)


def test_accuracy_rises_as_far_as_the_model_sees(data):
    r = reached(data, [0, 8, NEAR, 40, FAR, 200, LENGTH])["pearson"]
    near, far = r["DNASE"], r["CAGE"]
    assert near[0] < near[8] - 0.1 < near[NEAR] - 0.1
    assert near[NEAR] == pytest.approx(near[LENGTH])
    assert far[0] < far[NEAR] < far[40] < far[FAR] - 0.05
    assert far[FAR] == pytest.approx(far[200]) == pytest.approx(far[LENGTH])
    np.testing.assert_allclose(r["all tracks"], (near + far) / 2)


@pytest.mark.parametrize(("margin", "block"), [(0, 7), (4, 30), (4, 100)])
def test_at_full_distance_it_is_the_plain_evaluation(data, margin, block):
    table = reached(data, [LENGTH], block, margin=margin)
    expected = plain(data, margin)
    for assay in ("CAGE", "DNASE"):
        row = table.loc[(assay, LENGTH)]
        for names, means in (
            (["pearson", "low", "high"], expected.pearson),
            (["r2", "r2_low", "r2_high"], expected.r2),
        ):
            estimate = means.by_assay[assay]
            np.testing.assert_allclose(
                row[names].astype(float), [estimate.value, estimate.low, estimate.high], rtol=1e-5
            )


def test_a_block_sees_itself_and_the_distance(data):
    changed = []

    def predict(sequence):
        changed.append((sequence != 4).numpy())
        return model(sequence)

    part = data.split("test")
    part = type(part)(part.xarray.isel(region=[3]), part.path)
    accuracy_against_reach(predict, part, [16], block=8, batch_size=3)
    seen = np.concatenate(changed)
    assert [len(rows) for rows in changed] == [3, 1]
    starts = [CROP + 64 * n - 16 for n in range(4)]
    ends = [start + 64 + 32 for start in starts[:3]] + [CROP + 8 * BINS + 16]  # the last is shorter
    for row, start, end in zip(seen, starts, ends, strict=True):
        assert np.flatnonzero(row).tolist() == list(range(start, end))


def test_where_nothing_is_masked_one_prediction_is_enough(data):
    sizes, told = [], []

    def predict(sequence):
        sizes.append(len(sequence))
        return model(sequence)

    accuracy_against_reach(
        predict, data, [LENGTH, 10_000], block=5, progress=lambda *done: told.append(done)
    )
    assert sizes == [1] * 2 * REGIONS
    assert told == [(number, 2 * REGIONS) for number in range(1, 2 * REGIONS + 1)]


def test_batches_and_blocks_of_any_size(data):
    one = reached(data, [24], block=1)
    np.testing.assert_allclose(one, reached(data, [24], block=1, batch_size=7))
    several = reached(data, [24], block=6)["pearson"]
    assert several["CAGE", 24] > one["pearson"]["CAGE", 24]  # bins see more of their own block


def test_windows_end_where_the_sequence_does(data):
    assert windows(data, 30, 1000) == [(slice(0, 30), slice(0, LENGTH))]
    assert windows(data, 20, 50) == [
        (slice(0, 20), slice(0, 250)),
        (slice(20, 30), slice(150, LENGTH)),
    ]


def test_usual_blocks_and_distances(data):
    assert reach_blocks(data) == 1
    assert reach_distances(data, 1) == [0, 8, 16, 32, 64, 128, 256, 320]
    assert reach_distances(data, 5) == [0, 40, 80, 160, 320]


@pytest.mark.parametrize(("distances", "block"), [([-1, 0], 1), ([0], 0)])
def test_impossible_distances_and_blocks(data, distances, block):
    with pytest.raises(SettingsError, match="distances from 0 bp and blocks from 1 bin"):
        accuracy_against_reach(model, data, distances, block=block)
