import warnings

import numpy as np
import pybigtools
import pytest

from attendome.config import validate
from attendome.data.measuring import measure, probe
from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.errors import DataError, SettingsError
from attendome.genome.bins import BinGrid

CHROMOSOMES = ["chr1", "chr2"]
GRID = BinGrid(np.array([0, 1]), np.array([100, 0]), 2, 50)
HG19 = {"1": 249_250_621, "2": 243_199_373}
HG38 = {"chr1": 248_956_422, "chr2": 242_193_529}


@pytest.fixture
def track(tmp_path):
    """Give a function that writes a bigWig file with one interval."""

    def write(name, sizes, value=2.0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            file = pybigtools.open(str(tmp_path / name), "w")
            file.write(sizes, iter([(next(iter(sizes)), 100, 125, value)]))
        return tmp_path / name

    return write


@pytest.fixture
def bed(tmp_path):
    path = tmp_path / "reads.tagAlign"
    path.write_text("chr1\t120\t160\tN\t1000\t+\nchr1\t9000\t9040\tN\t1000\t-\n")
    return path


def files_of(*paths, **others):
    signal = {f"mark{number}": (path,) for number, path in enumerate(paths)}
    return ChromatinFiles(genes=paths[0], signal=signal, **others)


def probed(*paths, settings=None, **others):
    chosen = validate(BuildSettings, settings or {})
    return probe(files_of(*paths, **others), chosen, CHROMOSOMES)


def test_what_a_probe_finds(track, write_bam, bed):
    bam, known = write_bam([], length=500), {"chr1": 500, "chr2": 500}
    found = probed(bam, track("t.bw", {"2": 500, "7": 90}), bed)
    assert list(found.kinds.values()) == ["BAM", "bigWig", "BED"]
    assert (found.lengths, found.assembly) == (known, "unknown"), "by the genes' names"


def test_the_assembly_by_lengths_or_by_name(track, bed):
    assert probed(track("t.bw", HG19)).assembly == "hg19"
    assert probed(bed).lengths == {}
    found = probed(bed, settings={"assembly": "hg38"})
    assert (found.assembly, found.lengths) == ("hg38", HG38)


@pytest.mark.parametrize("names", ["hg19.bw hg38.bw", "hg38.bw hg19.bw", "reads.bam hg19.bw"])
def test_files_of_two_assemblies(track, write_bam, tmp_path, names):
    track("hg19.bw", HG19), track("hg38.bw", HG38), write_bam([])
    paths = [tmp_path / name for name in names.split()]
    with pytest.raises(DataError, match=f"{paths[1].name}: chr1 is .* All files must be of one"):
        probed(*paths)


def test_a_file_of_another_assembly_than_the_one_named(track):
    message = r"t.bw: chr1 is 249,250,621 bp .*\(assembly hg19\), expected .*\(assembly hg38\)"
    with pytest.raises(DataError, match=message):
        probed(track("t.bw", HG19), settings={"assembly": "hg38"})


def test_kinds_that_do_not_go_together(track, write_bam, bed):
    bam, bigwig = write_bam([]), track("t.bw", {"chr1": 10_000})
    mixed = ChromatinFiles(genes=bed, signal={"M": (bam, bigwig)})
    with pytest.raises(SettingsError, match="M: its files are reads and tracks"):
        probe(mixed, BuildSettings(), CHROMOSOMES)
    with pytest.raises(SettingsError, match="mark1: a control is subtracted from reads"):
        probed(bam, bigwig, control=(bed,))
    with pytest.raises(SettingsError, match=r"t.bw: a control is a file of reads"):
        probed(bam, control=(bigwig,))
    both = ChromatinFiles(genes=bed, signal={"M": (bam, bed)})
    assert set(probe(both, BuildSettings(), CHROMOSOMES).kinds.values()) == {"BAM", "BED"}


def test_mapping_qualities_are_asked_of_bam_only(write_bam, bed, track):
    settings = {"counting": {"min_mapq": 30}}
    probed(write_bam([]), track("t.bw", {"chr1": 10_000}), settings=settings)
    with pytest.raises(SettingsError, match="tagAlign have no mapping quality"):
        probed(write_bam([]), bed, settings=settings)


@pytest.mark.parametrize("sizes", [{"scaffold_7": 10_000}, {"chr3": 10_000}])
def test_no_chromosome_in_common(track, sizes):
    with pytest.raises(DataError, match=r"t.bw: none of its chromosomes is one of chr1"):
        probed(track("t.bw", sizes))


def test_negative_values(track):
    path = track("t.bw", {"chr1": 10_000}, value=-3.0)
    known, settings = probed(path), BuildSettings()
    with pytest.raises(DataError, match=r"t.bw: has negative values \(-"):
        measure([path], GRID, CHROMOSOMES, known, settings, lambda *_: None)


def test_files_are_added_up(write_bam, bed):
    bam = write_bam([(0, 0, 100, "20M", 60), (0, 0, 145, "20M", 60), (0, 1, 0, "20M", 60)])
    paths, seen = [bam, bed], []
    known = probe(
        ChromatinFiles(genes=bed, signal={"M": tuple(paths)}), BuildSettings(), CHROMOSOMES
    )
    found = measure(paths, GRID, CHROMOSOMES, known, BuildSettings(), lambda *a: seen.append(a))
    assert found.values.tolist() == [[3, 2], [1, 0]]
    assert found.depth == 5
    assert found.chromosomes == {"chr1", "chr2"}, "files may be of different chromosomes"
    assert [source["file"] for source in found.sources] == [path.name for path in paths]
    assert seen == [(bam, 3), (bed, 2)]


def test_tracks_are_added_up_where_one_has_a_value(track):
    one, two = track("1.bw", {"chr1": 500}), track("2.bw", {"chr1": 500, "chr2": 9}, value=3.0)
    known = probe(ChromatinFiles(genes=one, signal={"M": (one, two)}), BuildSettings(), CHROMOSOMES)
    settings = BuildSettings(missing="nan")
    found = measure([one, two], GRID, CHROMOSOMES, known, settings, lambda *_: None)
    np.testing.assert_equal(found.values, [[5, np.nan], [np.nan, np.nan]])
    assert (found.depth, found.chromosomes) == (0, {"chr1"})
