import filecmp
import gzip
import math
import shutil
import statistics

import numpy as np
import polars as pl
import pybigtools
import pytest
from filelock import FileLock

from attendome import add_tracks, build_sequence, open_dataset
from attendome.data.sequence import assembling
from attendome.errors import DataError, SettingsError
from attendome.genome.writing import write_bigwig
from attendome.workflows import sequences

LENGTHS = {"chr1": 1600, "chr2": 900, "chr3": 900}
SMALL = {"length": 200, "bin_size": 20, "crop": 40, "split": "chromosome:valid=chr2,test=chr3"}
BLACK = ("chr1", 130, 175)
HEAD = "name\tfile\tsum_stat\tclip_soft\tclip\tscale\tstrand_pair\tdescription\n"
TABLE = (
    "a+\ta.bw\tsum_sqrt\t4\t5\t\ta-\tCAGE:a, plus\n"
    "a-\tb.bedgraph.gz\tmean\t\t2.5\t2\ta+\tCAGE:a, minus\n"
    "c\tb.bedgraph.gz\tmax\t\t\t\t\tDNASE:c\n"
)


def track_rows(seed, gap):
    """Make a value for every 5 bases, but for a share of them."""
    generator = np.random.default_rng(seed)
    return [
        (chrom, start, start + 5, round(float(generator.gamma(1, 2)), 2))
        for chrom, length in LENGTHS.items()
        for start in range(0, length, 5)
        if generator.random() > gap
    ]


ROWS = {"a.bw": track_rows(1, 0.2), "b.bedgraph.gz": track_rows(2, 0.8)}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """A genome of 3,400 bp, three tracks of two files, and a blacklist."""
    folder = tmp_path_factory.mktemp("genome")
    generator = np.random.default_rng(0)
    letters = {c: "".join(generator.choice(list("ACGTacgtNR"), n)) for c, n in LENGTHS.items()}
    text = "".join(f">{chrom}\n{bases}\n" for chrom, bases in letters.items())
    (folder / "genome.fa").write_text(text)
    columns = ["chrom", "start", "end", "value"]
    dense = pl.DataFrame(ROWS["a.bw"], schema=columns, orient="row")
    write_bigwig(dense, folder / "a.bw", LENGTHS)
    sparse = "".join("\t".join(map(str, row)) + "\n" for row in ROWS["b.bedgraph.gz"])
    (folder / "b.bedgraph.gz").write_bytes(gzip.compress(sparse.encode()))
    (folder / "tracks.tsv").write_text(HEAD + TABLE)
    (folder / "black.bed").write_text("\t".join(map(str, BLACK)) + "\n")
    return folder


def files_of(folder, **more):
    beds = {"blacklist": folder / "black.bed"} | more
    return {"genome": folder / "genome.fa", "tracks": folder / "tracks.tsv"} | beds


@pytest.fixture(scope="module")
def built(genome, tmp_path_factory):
    """The dataset; no test changes it."""
    return build_sequence(
        tmp_path_factory.mktemp("built") / "d.zarr", files_of(genome), SMALL, workers=1
    )


def plainly(rows, chrom, start, rule):
    """Make the targets of one region base by base, as the documentation says."""
    sum_stat, soft, clip, scale = rule
    bases = [None] * 200
    for name, first, behind, value in rows:
        for base in range(first, behind):
            if name == chrom and start <= base < start + 200:
                bases[base - start] = value
    known = [value for value in bases if value is not None]
    median = statistics.median(known) if len(known) >= 100 else 0
    for place, value in enumerate(bases):
        bases[place] = median if value is None else value
        if chrom == BLACK[0] and BLACK[1] <= start + place < BLACK[2]:
            bases[place] = min(bases[place], median)
    found = []
    for first in range(40, 160, 20):
        here = bases[first : first + 20]
        value = {"mean": statistics.mean, "max": max}.get(sum_stat, sum)(here)
        value = math.sqrt(1 + value) - 1 if sum_stat == "sum_sqrt" else value
        value = soft - 1 + math.sqrt(value - soft + 1) if value > soft else value
        found.append(min(value, clip) * scale)
    return found


def same_bytes(one, other):
    compared = filecmp.dircmp(one, other)
    folders = [compared, *compared.subdirs.values()]
    seen = 0
    while folders:
        here = folders.pop()
        assert not here.left_only, here.left_only
        assert not here.right_only, here.right_only
        equal, different, errors = filecmp.cmpfiles(
            here.left, here.right, here.common_files, shallow=False
        )
        assert not different, different
        assert not errors, errors
        seen += len(equal)
        folders += here.subdirs.values()
    return seen


def test_targets_equal_a_plain_version(built):
    rules = [
        ("sum_sqrt", 4, 5, 1),
        ("mean", math.inf, 2.5, 2),
        ("max", math.inf, math.inf, 1),
    ]
    rows = [ROWS["a.bw"], ROWS["b.bedgraph.gz"], ROWS["b.bedgraph.gz"]]
    table = built.regions
    assert len(table) == len(built) == 12 + 6 + 6
    for region, (chrom, start) in enumerate(zip(table["chrom"], table["start"], strict=True)):
        _, coverage = built.read(region)
        expected = [plainly(r, chrom, start, rule) for r, rule in zip(rows, rules, strict=True)]
        np.testing.assert_allclose(coverage, np.transpose(expected), rtol=1e-3)


def test_sequences_are_those_of_the_genome(built, genome):
    lines = (genome / "genome.fa").read_text().split("\n")
    letters = {lines[n][1:]: lines[n + 1].upper() for n in range(0, 6, 2)}
    for region, row in enumerate(built.regions.itertuples()):
        expected = letters[row.chrom][row.start : row.end].replace("R", "N")
        assert "".join("ACGTN"[code] for code in built.read(region)[0]) == expected


def test_what_is_known_of_the_dataset(built):
    assert (built.bins, built.bin_size, built.crop, built.length) == (6, 20, 40, 200)
    assert built.tracks["strand_pair"].tolist() == [1, 0, 2]
    assert built.tracks["assay"].tolist() == ["CAGE", "CAGE", "DNASE"]
    assert built.tracks["clip"].tolist() == [5, 2.5, math.inf]
    assert built.leak()["overlapping"] == 0
    attributes = built.xarray.attrs
    assert attributes["target_processing"]["missing"] == "median"
    assert [s["role"] for s in attributes["sources"]] == ["genome", "tracks", "blacklist"] + [
        "track"
    ] * 3
    notes = " ".join(attributes["build"]["notes"])
    assert "a+: a part of the bases has no value" in notes
    assert "a-, c: most bases have no value" in notes
    assert "letters for several bases" in notes


def test_in_parallel_it_is_the_same(built, genome, tmp_path):
    seen = []
    build_sequence(
        tmp_path / "d.zarr",
        files_of(genome),
        SMALL,
        workers=2,
        progress=lambda *told: seen.append(told),
    )
    assert same_bytes(built.path, tmp_path / "d.zarr") > 48
    tracks = [("tracks", n, 3) for n in range(4)]
    assert seen == tracks + [("regions", n, 24) for n in range(1, 25)]
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]


@pytest.mark.parametrize("moment", ["tracks", "regions"])
def test_a_build_that_was_stopped_goes_on_to_the_same_bytes(
    built, genome, tmp_path, monkeypatch, moment
):
    out, measured = tmp_path / "d.zarr", []
    original = sequences.measure_track

    def measure(plan, track):
        measured.append(track)
        return original(plan, track)

    def stop(things, done, _all):
        if (things, done) == (moment, 2):
            raise KeyboardInterrupt

    monkeypatch.setattr(sequences, "measure_track", measure)
    with pytest.raises(KeyboardInterrupt) as caught:
        build_sequence(out, files_of(genome), SMALL, workers=1, progress=stop)
    assert caught.value.__notes__ == ["Give the same command again: it goes on."]
    assert not out.exists()
    before = list(measured)
    build_sequence(out, files_of(genome), SMALL, workers=1)
    assert before == ([0, 1] if moment == "tracks" else [0, 1, 2])
    assert measured == [0, 1, 2]
    assert same_bytes(built.path, out) > 48
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]


def test_what_a_killed_process_left_of_the_regions_is_not_used(built, genome, tmp_path):
    out = tmp_path / "d.zarr"

    def stop(things, *_told):
        if things == "regions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_sequence(out, files_of(genome), SMALL, workers=1, progress=stop)
    left = tmp_path / ".d.zarr.parts" / "made.zarr"
    assert left.is_dir()
    (left / "stale").write_text("?")
    build_sequence(out, files_of(genome), SMALL, workers=1)
    assert same_bytes(built.path, out) > 48


def test_regions_are_written_from_many_pieces_of_the_parts(built, genome, tmp_path, monkeypatch):
    monkeypatch.setattr(assembling, "_BLOCK_BYTES", 200)
    out = build_sequence(tmp_path / "d.zarr", files_of(genome), SMALL, workers=1).path
    assert same_bytes(built.path, out) > 48


def test_a_wrong_letter_of_the_genome_is_found_before_the_tracks_are_read(genome, tmp_path):
    folder = shutil.copytree(genome, tmp_path / "genome")
    text = (genome / "genome.fa").read_text()
    (folder / "genome.fa").write_text(text[:-10] + "!" + text[-9:])
    told = []
    with pytest.raises(DataError, match=r"chr3:891 \(0-based\) is '!'"):
        build_sequence(
            tmp_path / "d.zarr",
            files_of(folder),
            SMALL | {"stride": 100, "crop": 0},
            workers=1,
            progress=lambda *said: told.append(said),
        )
    assert not told


def test_a_track_that_fails_does_not_cost_the_others(built, genome, tmp_path, monkeypatch):
    folder = shutil.copytree(genome, tmp_path / "genome")
    values = pl.DataFrame(
        [("chr3", 500, 510, -2.0)], ["chrom", "start", "end", "value"], orient="row"
    )
    write_bigwig(values, folder / "minus.bw", LENGTHS)
    (folder / "tracks.tsv").write_text(
        HEAD + TABLE.replace("max", "sum") + "d\tminus.bw\t\t\t\t\t\t\n"
    )
    out = tmp_path / "d.zarr"
    with pytest.raises(
        DataError, match=r"1 of 4 tracks .* the same command goes on:\nd: .*chr3:500 "
    ) as e:
        build_sequence(out, files_of(folder), SMALL, workers=1)
    assert "has the value -2" in str(e.value)
    assert not out.exists()
    measured = []
    original = sequences.measure_track
    monkeypatch.setattr(
        sequences, "measure_track", lambda plan, n: measured.append(n) or original(plan, n)
    )
    (folder / "tracks.tsv").write_text(HEAD + TABLE)
    build_sequence(out, files_of(folder), SMALL, workers=1)
    assert measured == [2]  # whose rule is another one; the fourth is no longer wanted
    np.testing.assert_array_equal(
        open_dataset(out).xarray["coverage"], built.xarray["coverage"].to_numpy()
    )


def test_parts_of_other_settings_are_not_used(genome, tmp_path):
    out = tmp_path / "d.zarr"

    def stop(things, *_told):
        if things == "regions":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_sequence(out, files_of(genome), SMALL, workers=1, progress=stop)
    zero = build_sequence(out, files_of(genome), SMALL | {"missing": "zero"}, workers=1)
    again = build_sequence(
        tmp_path / "e.zarr", files_of(genome), SMALL | {"missing": "zero"}, workers=1
    )
    assert same_bytes(zero.path, again.path) > 48


def test_what_looks_wrong_is_noted(genome, tmp_path):
    folder = shutil.copytree(genome, tmp_path / "genome")
    (folder / "zero.bedgraph").write_text("chr1\t0\t1600\t0\nchr2\t0\t900\t0\n")
    (folder / "huge.bedgraph").write_text("1\t0\t1600\t5000\n2\t0\t900\t1\n3\t0\t900\t1\n")
    lines = "zero\tzero.bedgraph\t\t\t\t\t\t\nhuge\thuge.bedgraph\t\t\t\t\t\t\n"
    (folder / "tracks.tsv").write_text(HEAD + lines)
    data = build_sequence(tmp_path / "d.zarr", files_of(folder), SMALL, workers=1)
    notes = data.xarray.attrs["build"]["notes"]
    assert "zero: all 0." in notes
    assert "huge: chromosomes 1, 2, 3 are taken as chr1, chr2, chr3." in notes
    assert any(n.startswith("huge: bins above 65,504, float16's largest number") for n in notes)
    assert any(n.startswith("zero: a chromosome of the regions is not there") for n in notes)
    assert data.read(0)[1][:, 1].tolist() == [65_504] * 6
    assert data.xarray.attrs["sources"][-1]["too_large"] == 12 * 6
    wide = build_sequence(
        tmp_path / "w.zarr", files_of(folder), SMALL | {"dtype": "float32"}, workers=1
    )
    assert wide.read(0)[1][:, 1].tolist() == [100_000] * 6


def test_two_builds_at_once_are_refused(genome, tmp_path):
    with (
        FileLock(tmp_path / ".d.zarr.parts.lock"),
        pytest.raises(DataError, match="another build is at work there"),
    ):
        build_sequence(tmp_path / "d.zarr", files_of(genome), SMALL, workers=1)


def test_out_and_settings_are_checked_before_any_file(tmp_path):
    files = {"genome": tmp_path / "no.fa", "tracks": tmp_path / "no.tsv"}
    with pytest.raises(DataError, match=r"ends in \.zarr"):
        build_sequence(tmp_path / "d", files)
    with pytest.raises(SettingsError, match="no whole number of bins of 30 bp"):
        build_sequence(tmp_path / "d.zarr", files, {"length": 100, "bin_size": 30})
    with pytest.raises(SettingsError, match="did you mean 'genome'"):
        build_sequence(tmp_path / "d.zarr", {"genom": "x"})
    with pytest.raises(DataError, match=r"no.tsv: no such file"):
        build_sequence(tmp_path / "d.zarr", files)


def test_tracks_added_later_are_those_of_one_build(built, genome, tmp_path):
    folder = shutil.copytree(genome, tmp_path / "genome")
    first, second = TABLE.splitlines(keepends=True)[:2], TABLE.splitlines(keepends=True)[2]
    (folder / "tracks.tsv").write_text(HEAD + second)
    data = build_sequence(tmp_path / "c.zarr", files_of(folder), SMALL, workers=1)
    (folder / "more.tsv").write_text(HEAD + "".join(first))
    out, more, black = tmp_path / "d.zarr", folder / "more.tsv", folder / "black.bed"
    made = add_tracks(out, data, more, blacklist=black, workers=1)
    assert made.tracks.index.tolist() == ["c", "a+", "a-"]
    assert made.tracks["strand_pair"].tolist() == [0, 2, 1]
    for region in range(len(made)):
        sequence, coverage = made.read(region)
        np.testing.assert_array_equal(sequence, built.read(region)[0])
        np.testing.assert_array_equal(coverage, built.read(region)[1][:, [2, 0, 1]])
    assert made.regions.equals(built.regions)
    attributes = made.xarray.attrs
    assert [s.get("track") for s in attributes["sources"][-4:]] == ["c", None, "a+", "a-"]
    # A dataset may take the place of the one that it was made from.
    with pytest.raises(DataError, match="--force"):
        add_tracks(data.path, data.path, more, blacklist=black, workers=1)
    add_tracks(data.path, data.path, more, blacklist=black, workers=1, force=True)
    assert same_bytes(data.path, out) > 48


def test_tracks_that_do_not_fit_are_not_added(built, genome, simulated_store, tmp_path):
    out, table, black = tmp_path / "e.zarr", genome / "tracks.tsv", genome / "black.bed"
    with pytest.raises(DataError, match="has a track 'a\\+' already"):
        add_tracks(out, built, table, blacklist=black)
    more = tmp_path / "more.tsv"
    more.write_text(HEAD + f"d\t{genome}/a.bw\t\t\t\t\t\t\n")
    with pytest.raises(DataError, match=r"was built with the blacklist black\.bed"):
        add_tracks(out, built, more)
    (tmp_path / "other.bed").write_text("chr1\t0\t10\n")
    with pytest.raises(DataError, match=r"was built with the blacklist black\.bed"):
        add_tracks(out, built, more, blacklist=tmp_path / "other.bed")
    with pytest.raises(DataError, match=r"none\.bed: no such file"):
        add_tracks(out, built, more, blacklist=tmp_path / "none.bed")
    with pytest.raises(DataError, match="expected a sequence dataset"):
        add_tracks(out, simulated_store, more)


def test_real_tracks(shared_data, tmp_path):
    """Two marks of GM12878 along chr22, whose sequence is not here: a genome of N."""
    marks = shared_data / "tracks" / "E116"
    with pybigtools.open(str(marks / "E116-H3K4me3.pval.signal.bw")) as file:
        length = int(file.chroms()["chr22"])
        start = next(iter(file.records("chr22")))[0]
        expected = [
            np.nansum(file.values("chr22", first, first + 128, fillna=None))
            for first in range(start, start + 16_384, 128)
        ]
    (tmp_path / "g.fa").write_text(f">chr22\n{'N' * length}\n")
    names = ("H3K4me3", "H3K27me3")
    rows = "".join(f"{n}\t{marks}/E116-{n}.pval.signal.bw\n" for n in names)
    (tmp_path / "t.tsv").write_text("name\tfile\n" + rows)
    splits = ("train", "valid", "test")
    places = [(start + n * 16_384, split) for n, split in enumerate(splits)]
    bed = "".join(f"chr22\t{first}\t{first + 16_384}\t{split}\n" for first, split in places)
    (tmp_path / "r.bed").write_text(bed)
    files = {"genome": "g.fa", "tracks": "t.tsv", "regions": "r.bed"}
    files = {role: tmp_path / name for role, name in files.items()}
    settings = {"length": 16_384, "split": "column", "dtype": "float32"}
    data = build_sequence(tmp_path / "d.zarr", files, settings, workers=1)
    np.testing.assert_allclose(data.read(0)[1][:, 0], expected, rtol=1e-5)
    assert (data.read(0)[0] == 4).all()
    assert any("are N for more than half" in n for n in data.xarray.attrs["build"]["notes"])
