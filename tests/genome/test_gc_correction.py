import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from attendome.errors import DataError
from attendome.genome.fasta import open_genome
from attendome.genome.gc_correction import _around, _coded, gc_correction
from attendome.genome.multimapping import Shared, kernel

WINDOW, WINDOWS = 384, 1500
LENGTH = WINDOW * WINDOWS


def letters(share):
    """Draw a chromosome with a share of G and C at each base."""
    generator = np.random.default_rng(1)
    gc = generator.random(len(share)) < share
    either = generator.random(len(share)) < 0.5
    return "".join(np.where(gc, np.where(either, "G", "C"), np.where(either, "A", "T")).tolist())


def write(path, text, name="chr1"):
    path.write_text(f">{name}\n{text}\n")
    return path


def correct(shared, lengths, path, **options):
    with open_genome(path) as genome:
        return gc_correction(shared, lengths, genome, **options)


def shared_of(value):
    site = np.flatnonzero(value)
    value = value[site].astype(float)
    return Shared(site, value, value, 0, 0.0)


@pytest.fixture(scope="module")
def text():
    """A chromosome whose share of G and C lies between .3 and .6, in waves of 12 kb."""
    return letters(0.45 + 0.15 * np.sin(np.arange(LENGTH) / 12_000 * 2 * np.pi))


@pytest.fixture(scope="module")
def local(text):
    """The share of G and C around each base."""
    gc = np.isin(np.frombuffer(text.encode(), np.uint8), list(b"GC")).astype(float)
    return gaussian_filter1d(gc, 64, truncate=3)


@pytest.fixture(scope="module")
def biased(local):
    """Reads of which there are e^(6 × share) times as many where G and C are frequent."""
    rate = 0.2 * np.exp(6 * (local - 0.45))
    return shared_of(np.random.default_rng(0).poisson(rate))


def slope(shared, factor, local):
    """Give the slope of log coverage on the share of G and C."""
    bins = np.digitize(local, np.linspace(0.3, 0.6, 20))
    dense = np.zeros(LENGTH)
    dense[shared.site] = shared.value * factor
    means = [(local[bins == b].mean(), dense[bins == b].mean()) for b in np.unique(bins)]
    return np.polyfit(*np.array([(x, np.log(y)) for x, y in means]).T, 1)[0]


def test_corrected_coverage_does_not_depend_on_gc(biased, local, text, tmp_path):
    found = correct(biased, {"chr1": LENGTH}, write(tmp_path / "g.fa", text))
    assert slope(biased, 1, local) == pytest.approx(6, abs=0.2)
    assert abs(slope(biased, found.factor, local)) < 0.7
    assert found.windows == WINDOWS - 1
    assert found.explained > 0.9
    assert found.missing == []


def test_as_published_the_correction_is_too_strong(biased, local, text, tmp_path):
    """A fit to log2, used with e, takes off 1 / log(2) = 1.44 times what there is."""
    path = write(tmp_path / "g.fa", text)
    found = correct(biased, {"chr1": LENGTH}, path, as_published=True)
    assert slope(biased, found.factor, local) < -1


def test_as_published_the_windows_lie_apart(tmp_path):
    """Where only every other window has G and C, its neighbour's coverage is mixed in."""
    share = np.where(np.arange(LENGTH) // WINDOW % 2, 0.6, 0.3)
    shared = shared_of(np.random.default_rng(0).poisson(np.exp(6 * (share - 0.45))))
    path = write(tmp_path / "g.fa", letters(share))
    right, published = (
        correct(shared, {"chr1": LENGTH}, path, as_published=flag) for flag in (False, True)
    )
    assert right.explained > 0.9
    assert published.explained < 0.2


def test_lower_case_counts(biased, text, tmp_path):
    upper = write(tmp_path / "upper.fa", text)
    lower = write(tmp_path / "lower.fa", text.lower())
    lengths = {"chr1": LENGTH}
    expected = correct(biased, lengths, upper).factor
    assert correct(biased, lengths, lower).factor.tolist() == expected.tolist()
    published = correct(biased, lengths, lower, as_published=True).factor
    np.testing.assert_allclose(published, 1)


def test_even_coverage_is_left_as_it_is(text, tmp_path):
    shared = shared_of(np.ones(LENGTH, int))
    found = correct(shared, {"chr1": LENGTH}, write(tmp_path / "g.fa", text))
    np.testing.assert_allclose(found.factor, 1, atol=1e-6)


def test_gc_around_equals_the_plain_way():
    generator = np.random.default_rng(0)
    text = "".join(generator.choice(list("ACGTacgtNn"), 1000))
    weight = kernel(64.0, 192)[:-1]
    base = np.array([0, 1, 191, 192, 500, 807, 808, 999])
    expected = []
    for middle in base.tolist():
        near = [(text[p], weight[p - middle + 192]) for p in range(middle - 192, middle + 192)
                if 0 <= p < 1000 and text[p] not in "Nn"]  # fmt: skip
        gc = sum(w for letter, w in near if letter in "GCgc")
        expected.append(gc / sum(w for _, w in near))
    code = _coded(text.encode(), lower_case=True)
    assert _around(code, base, weight) == pytest.approx(expected)


def test_bases_without_any_known_near_are_not_corrected(biased, text, tmp_path):
    path = write(tmp_path / "g.fa", f"{'N' * 40_000}{text[40_000:]}")
    found = correct(biased, {"chr1": LENGTH}, path)
    assert (found.factor[biased.site < 39_000] == 1).all()
    assert (found.factor[biased.site > 40_000] != 1).all()
    assert found.windows == WINDOWS - -(-40_000 // WINDOW)


def test_both_strands_and_names_of_chromosomes_are_reconciled(biased, text, tmp_path):
    path = write(tmp_path / "g.fa", text, name="1")
    lengths = {"chr1": LENGTH, "chrUn": 70}
    both = np.append(biased.site, biased.site + (2 << 32))
    value = np.append(biased.value, biased.value) / 2
    found = correct(Shared(both, value, value, 0, 0.0), lengths, path)
    half = len(biased.site)
    assert found.factor[:half].tolist() == found.factor[half:].tolist()
    expected = correct(biased, {"chr1": LENGTH}, path).factor
    np.testing.assert_allclose(found.factor[:half], expected)


def test_reads_on_a_chromosome_without_sequence_are_said(biased, text, tmp_path):
    site = np.append(biased.site, (1 << 32) + 5)
    value = np.append(biased.value, 3.0)
    shared = Shared(site, value, value, 0, 0.0)
    lengths = {"chr1": LENGTH, "chrUn": 70}
    found = correct(shared, lengths, write(tmp_path / "g.fa", text))
    assert found.missing == ["chrUn"]
    assert found.factor[-1] == 1


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"chr7": LENGTH}, "g.fa: none of its chromosomes is one of chr7"),
        ({"chr1": LENGTH + 1}, "g.fa: chr1 is 576,000 bp long there"),
    ],
)
def test_another_genome_is_refused(lengths, message, biased, text, tmp_path):
    with pytest.raises(DataError, match=message):
        correct(biased, lengths, write(tmp_path / "g.fa", text))


def test_a_genome_too_small_is_refused(tmp_path):
    path = write(tmp_path / "g.fa", letters(np.full(5000, 0.5)))
    with pytest.raises(DataError, match=r"has 12 windows of 384 bp .* needs 100 or more"):
        correct(shared_of(np.ones(5000, int)), {"chr1": 5000}, path)
