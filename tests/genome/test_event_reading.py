import numpy as np
import pytest

from attendome.errors import DataError
from attendome.genome.event_reading import read_events
from attendome.genome.events import EventRule, layer_of, position_of

from .plain_coverage import MINUS, Record, write_bam

SECONDARY = 256


def events(path, **rule):
    return read_events(path, EventRule(**rule))


def places(site, chromosomes=2):
    """Give strand, chromosome and base of sites."""
    layers = layer_of(np.asarray(site))
    columns = (layers // chromosomes, layers % chromosomes, position_of(np.asarray(site)))
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.fixture
def bam(tmp_path):
    return lambda *records, **options: write_bam(tmp_path / "a.bam", records, **options)


def test_the_event_is_the_5_prime_end(bam):
    path = bam(Record("a", 100), Record("b", 100, MINUS), Record("c", 7, chrom=1, cigar="2S4M3I2M"))
    found = events(path)
    assert places(found.site) == [(0, 0, 100), (0, 0, 109), (0, 1, 7)]
    assert (found.records, found.shared, found.left_out) == (3, 0, {})
    assert found.lengths == {"chr1": 2000, "chr2": 1000}


def test_strands_are_kept_apart_where_asked(bam):
    found = events(bam(Record("a", 100), Record("b", 100, MINUS, chrom=1)), strands=True)
    assert places(found.site) == [(0, 0, 100), (1, 1, 109)]


@pytest.mark.parametrize(
    ("rule", "plus", "minus"),
    [
        ({}, 100, 109),
        ({"shift": 30}, 130, 79),
        ({"shift": -30}, 70, 139),
        ({"assay": "CAGE"}, 100, 109),
        ({"assay": "DNASE"}, 100, 109),
        ({"assay": "ATAC"}, 104, 105),
        ({"assay": "CHIP"}, 200, 9),
        ({"assay": "CHIP", "shift": 75}, 175, 34),
    ],
)
def test_the_shift_goes_downstream_along_the_read(rule, plus, minus, bam):
    found = events(bam(Record("a", 100), Record("b", 100, MINUS)), **rule)
    assert places(found.site) == [(0, 0, plus), (0, 0, minus)]


def test_both_reads_of_a_tn5_insertion_tell_of_one_base(bam):
    """Tn5 leaves a gap of 9 bp: two fragments begin at either end of the 9 bp, and share them."""
    found = events(bam(Record("a", 100), Record("b", 99, MINUS)), assay="ATAC")
    assert places(found.site) == [(0, 0, 104), (0, 0, 104)]


@pytest.mark.parametrize("shift", [5000, -5000])
def test_events_beyond_an_end_are_put_on_the_last_base(shift, bam):
    found = events(
        bam(Record("a", 100), Record("b", 100, MINUS), Record("c", 5, chrom=1)), shift=shift
    )
    ends = [(0, 0, 1999), (0, 0, 0), (0, 1, 999)]
    assert places(found.site) == (ends if shift > 0 else [(0, 0, 0), (0, 0, 1999), (0, 1, 0)])


PAIR = [
    Record("pair", 100, 99, template=200),
    Record("pair", 290, 147, template=-200),
    Record("apart", 600, 65, template=900),
    Record("apart", 1490, 129 + MINUS, template=-900),
]


@pytest.mark.parametrize(
    ("assay", "bases"),
    [
        (None, [100, 299, 600, 1499]),
        ("DNASE", [100, 299, 600, 1499]),
        ("ATAC", [104, 295, 604, 1495]),
        ("CAGE", [100, 600]),
        ("CHIP", [200, 700]),  # the fragment's centre; the pair that is not proper is shifted
    ],
)
def test_reads_of_pairs(assay, bases, bam):
    found = events(bam(*PAIR), assay=assay)
    assert position_of(found.site).tolist() == bases
    assert found.left_out == ({"second of a pair": 2} if assay in ("CAGE", "CHIP") else {})


def test_what_does_not_count_is_counted(bam):
    found = events(
        bam(
            Record("fine", 10),
            Record("unmapped", 10, 4),
            Record("nowhere", -1, 4, chrom=None, cigar=None),
            Record("duplicate", 10, 1024),
            Record("failed", 10, 512),
            Record("piece", 10, 2048),
            Record("inserted", 10, cigar="10I"),
            Record("repeat", 10, tags={"NH": 21}),
        )
    )
    assert places(found.site) == [(0, 0, 10)]
    assert (found.records, found.unsure) == (8, 0)
    assert found.left_out == {
        "unmapped": 2,
        "no aligned base": 1,
        "supplementary": 1,
        "more than 20 places": 1,
        "failed quality control": 1,
        "duplicate": 1,
    }


def test_records_of_one_name_are_the_places_of_one_read(bam):
    found = events(
        bam(
            Record("a", 10),
            Record("b", 20),
            Record("a", 30, SECONDARY, chrom=1),
            Record("c", 40),
            Record("c", 50, SECONDARY + MINUS),
            Record("a", 60, SECONDARY),
        )
    )
    assert places(found.site) == [(0, 0, 20)]
    by_read = {}
    for read, place in zip(found.read, places(found.place), strict=True):
        by_read.setdefault(int(read), []).append(place)
    expected = [[(0, 0, 10), (0, 1, 30), (0, 0, 60)], [(0, 0, 40), (0, 0, 59)]]
    assert sorted(by_read) == [0, 1]
    assert sorted(by_read.values()) == sorted(expected)
    assert found.shared == 2


def test_the_mates_of_a_pair_are_two_reads(bam):
    records = [Record("a", 10, 65), Record("a", 20, 129), Record("a", 30, 129 + SECONDARY)]
    found = events(bam(*records))
    assert places(found.site) == [(0, 0, 10)]
    assert sorted(places(found.place)) == [(0, 0, 20), (0, 0, 30)]


@pytest.mark.parametrize("number", [20, 21])
def test_more_than_20_places_are_too_many(number, bam):
    records = [Record("a", 10 * n, SECONDARY if n else 0) for n in range(number)]
    found = events(bam(Record("other"), *records))
    assert len(found.place) == (20 if number == 20 else 0)
    assert found.left_out == ({} if number == 20 else {"more than 20 places": 21})


def test_a_duplicate_takes_all_its_places_with_it(bam):
    """Programs that mark duplicates mark the first record of a read only."""
    records = [Record("a", 10, 1024), Record("a", 20, SECONDARY), Record("b", 30)]
    found = events(bam(*records))
    assert places(found.site) == [(0, 0, 30)]
    assert len(found.place) == 0
    assert found.left_out == {"duplicate": 1, "another place of a duplicate or failed read": 1}


UNSURE = [
    Record("sure", 10),
    Record("quality", 20, mapq=0),
    Record("elsewhere", 30, tags={"NH": 3}),
    Record("both", 40, mapq=0),
    Record("both", 50, SECONDARY, mapq=0),
]


def test_a_place_that_is_not_sure_counts_and_is_said(bam):
    found = events(bam(*UNSURE))
    assert position_of(found.site).tolist() == [10, 20, 30]
    assert (found.unsure, found.shared, found.left_out) == (2, 1, {})


def test_unique_leaves_out_what_has_several_places_or_may_have(bam):
    found = events(bam(*UNSURE), multimap="unique")
    assert position_of(found.site).tolist() == [10]
    assert (found.unsure, found.shared) == (0, 0)
    assert found.left_out == {"place not sure": 2, "several places": 2}


def test_each_takes_every_record_for_a_read(bam):
    records = [Record("N", base, tags={"NH": 30}) for base in range(30)]
    assert position_of(events(bam(*records), multimap="each").site).tolist() == list(range(30))


def test_the_order_of_the_records_does_not_matter(bam):
    generator = np.random.default_rng(0)
    records = [
        Record(f"r{generator.integers(60)}", int(generator.integers(900)), int(flag))
        for flag in generator.choice([0, MINUS, 1024], 100, p=[0.5, 0.4, 0.1])
    ]
    first = events(bam(*records))
    other = events(bam(*records[::-1]))
    assert sorted(first.site) == sorted(other.site)
    pairs = [sorted(zip(e.read.tolist(), e.place.tolist(), strict=True)) for e in (first, other)]
    assert pairs[0] == pairs[1]
    assert first.left_out == other.left_out


def test_progress_is_told(bam):
    told = []
    read_events(bam(*PAIR), EventRule(), told.append)
    assert sum(told) == 4


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "a.bam: holds no reads"),
        ([Record("a", flag=4)], "none of its 1 records counts. unmapped: 1.$"),
        ([Record("N")] * 30, "more than 20 places: 30. Where names .* --multimap each"),
        ([Record("a", 1995)], "a read ends beyond the end of chr1, which is 2,000 bp long"),
    ],
)
def test_a_file_without_events_is_refused(records, message, bam):
    with pytest.raises(DataError, match=message):
        events(bam(*records))


def test_a_file_cut_short_is_refused(bam):
    path = bam(Record("a"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="is cut short"):
        events(path)


def test_a_header_without_chromosomes_is_refused(bam):
    with pytest.raises(DataError, match="names no chromosome"):
        events(bam(sizes=()))
