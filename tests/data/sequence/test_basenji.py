"""Basenji's folders, against a parser and a writer that follow the format's description only."""

import json
import struct
import zlib

import numpy as np
import pytest

from attendome.data.sequence.basenji import BasenjiFolder, write_basenji
from attendome.data.sequence.store import open_sequence
from attendome.errors import DataError

LENGTH, CROP, BIN_SIZE, BINS = 32, 4, 8, 3


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def part(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def record(sequence, target, *, name="target"):
    """A record; the target is float16 as bytes, or float32 as a list."""
    kind = 1 if target.dtype == "f2" else 2
    values = {"sequence": part(1, part(1, sequence.tobytes()))}
    values[name] = part(kind, part(1, target.tobytes()))
    entries = [part(1, part(1, key.encode()) + part(2, v)) for key, v in values.items()]
    content = part(1, b"".join(entries))
    head = struct.pack("<Q", len(content))
    crcs = [struct.pack("<I", crc32c(piece)) for piece in (head, content)]
    return head + crcs[0] + content + crcs[1]


class Small:
    """A folder of 13 train, 1 valid and 2 test regions and 2 tracks, as Basenji writes them."""

    def __init__(self, folder, *, indexed=True, dtype="f2"):
        rng = np.random.default_rng(0)
        self.folder, self.indexed = folder, indexed
        (folder / "tfrecords").mkdir(parents=True)
        self.split = ["train"] * 6 + ["test"] + ["train"] * 7 + ["test", "valid"]
        self.sequences = rng.integers(0, 5, (16, LENGTH), dtype=np.uint8)
        self.targets = rng.gamma(1, 2, (16, BINS, 2)).astype(dtype)
        self.statistics = {
            "num_targets": 2,
            "seq_length": LENGTH,
            "seq_1hot": indexed,
            "pool_width": BIN_SIZE,
            "crop_bp": CROP,
            "target_length": BINS,
            **{f"{split}_seqs": self.split.count(split) for split in ("train", "valid", "test")},
        }
        self.write("statistics.json", json.dumps(self.statistics))
        rows = [f"chr1\t{100 * n + CROP}\t{100 * n + LENGTH - CROP}" for n in range(16)]
        bed = [f"{row}\t{split}\n" for row, split in zip(rows, self.split, strict=True)]
        self.write("sequences.bed", "".join(bed))
        self.write(
            "targets.txt",
            "\tidentifier\tfile\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription\n"
            "7\tA+\ta.w5\t384\t\t1.0\tsum_sqrt\t9\tCAGE:a cell: one, \n"
            "9\tA-\ta.w5\t384\t32\t0.3\tsum\t7\tno assay\n",
        )
        for split in ("train", "valid", "test"):
            numbers = [n for n in range(16) if self.split[n] == split]
            self.shard(f"{split}-0", numbers[:1])
            for name, number in enumerate(numbers[1:], start=1):
                self.shard(f"{split}-{name}", [number])

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def edit(self, name, old, new):
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def record(self, number, **options):
        sequence = self.sequences[number]
        if not self.indexed:
            sequence = np.eye(5, dtype=np.uint8)[sequence][:, :4]
        return record(sequence, self.targets[number], **options)

    def shard(self, name, numbers):
        self.records(name, *(self.record(number) for number in numbers))

    def records(self, name, *contents):
        path = self.folder / "tfrecords" / f"{name}.tfr"
        path.write_bytes(zlib.compress(b"".join(contents)))


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path / "small")


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_every_form(tmp_path, indexed, dtype):
    small = Small(tmp_path / "small", indexed=indexed, dtype=dtype)
    source = BasenjiFolder(small.folder)
    assert source.layout.dtype == {"f2": "float16", "f4": "float32"}[dtype]
    found = {number: (sequence, coverage) for number, sequence, coverage in source.read()}
    assert sorted(found) == list(range(16))
    for number, (sequence, coverage) in found.items():
        assert (sequence == small.sequences[number]).all()
        assert (coverage == small.targets[number]).all()
        assert coverage.dtype == dtype
    assert source.empty == []


def test_older_statistics(tmp_path):
    """They do not say seq_1hot or crop_bp, and sequences.bed has the whole input."""
    small = Small(tmp_path / "small", indexed=False)
    del small.statistics["seq_1hot"]
    small.write("statistics.json", json.dumps(small.statistics))
    rows = [f"chr1\t{100 * n}\t{100 * n + LENGTH}\t{split}" for n, split in enumerate(small.split)]
    small.write("sequences.bed", "\n".join(rows))
    source = BasenjiFolder(small.folder)
    assert source.layout.regions["start"].tolist() == [100 * n for n in range(16)]
    assert sum(1 for _ in source.read()) == 16


def test_tables(small):
    layout = BasenjiFolder(small.folder).layout
    assert (layout.length, layout.bins, layout.bin_size, layout.crop) == (
        LENGTH,
        BINS,
        BIN_SIZE,
        CROP,
    )
    assert layout.regions.iloc[3].tolist() == ["chr1", 300, 332, "train"]
    assert layout.regions["split"].tolist() == small.split
    tracks = layout.tracks
    assert tracks.index.tolist() == ["A+", "A-"]
    assert tracks["strand_pair"].tolist() == [1, 0]
    assert tracks["assay"].tolist() == ["CAGE", ""]
    assert tracks["description"].tolist() == ["CAGE:a cell: one, ", "no assay"]
    assert tracks["clip_soft"].tolist() == [np.inf, 32]
    assert tracks["scale"].tolist() == [1, 0.3]
    assert tracks["sum_stat"].tolist() == ["sum_sqrt", "sum"]


def test_tracks_of_one_identifier_get_names_of_their_own(small):
    small.edit("targets.txt", "A-", "A+")
    tracks = BasenjiFolder(small.folder).layout.tracks
    assert tracks.index.tolist() == ["A+", "A+.1"]
    assert tracks["identifier"].tolist() == ["A+", "A+"]


def test_targets_with_few_columns(small):
    small.write("targets.txt", "index\tidentifier\tdescription\n0\ta\tDNASE:x\n1\tb\tDNASE:y\n")
    tracks = BasenjiFolder(small.folder).layout.tracks
    assert list(tracks) == ["assay", "description", "strand_pair", "identifier"]
    assert tracks["strand_pair"].tolist() == [0, 1]


def test_empty_files_are_told(small):
    small.records("train-13")
    small.records("valid-0")
    small.records("valid-1", small.record(15))
    source = BasenjiFolder(small.folder)
    assert sum(1 for _ in source.read()) == 16
    assert source.empty == ["train-13.tfr", "valid-0.tfr"]
    roles = [entry["role"] for entry in source.sources]
    assert (
        roles == ["statistics", "regions", "tracks"] + ["train"] * 14 + ["valid"] * 2 + ["test"] * 2
    )


# Damage


def refuses(small, message):
    with pytest.raises(DataError, match=message):
        list(BasenjiFolder(small.folder).read())


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "statistics.json",
            '"num_targets": 2',
            '"num_targets": 3',
            "targets.txt: holds 2 .* says 3",
        ),
        ("statistics.json", '"train_seqs": 13', '"train_seqs": 12', "sequences.bed: holds 13 .*12"),
        ("statistics.json", '"target_length": 3', '"target_length": 4', "must be seq_length less"),
        ("statistics.json", '"seq_length": 32, ', "", "expected a whole number as 'seq_length'"),
        ("statistics.json", '"valid_seqs"', '"fold2_seqs"', "found fold2"),
        ("statistics.json", "{", "", "cannot be read as JSON"),
        ("statistics.json", '"seq_1hot": true', '"seq_1hot": false', "expected .* 128 bytes .*32"),
        ("targets.txt", "identifier", "name", "column 'identifier'"),
        ("targets.txt", "description", "about", "column 'description'"),
        ("targets.txt", "384\t32", "high\t32", "expected a number as clip, found high"),
        ("targets.txt", "\t9\tCAGE", "\t8\tCAGE", "strand_pair 8 is the index of no track"),
        ("sequences.bed", "chr1\t304\t328", "chr1\t304\t329", "intervals of 24 bp.* 25 bp"),
        ("sequences.bed", "chr1\t304\t328\ttrain", "chr1\t304\t328\tfold1", "line 4.* found fold1"),
        ("sequences.bed", "chr1\t304\t328\ttrain", "chr1\t304\t328", "line 4.* found 3"),
        ("sequences.bed", "chr1\t304", "chr1\tx", "line 4"),
    ],
)
def test_wrong_tables(small, name, old, new, message):
    small.edit(name, old, new)
    refuses(small, message)


@pytest.mark.parametrize("name", ["statistics.json", "targets.txt", "sequences.bed"])
def test_missing_tables(small, name):
    (small.folder / name).unlink()
    refuses(small, f"{name}: no such file")


def test_missing_records(small):
    for path in (small.folder / "tfrecords").glob("valid*"):
        path.unlink()
    refuses(small, "expected files valid-0.tfr and so on, found none")


def test_too_few_records(small):
    (small.folder / "tfrecords" / "train-12.tfr").unlink()
    refuses(small, r"train-11\.tfr: the records of the split train end here after 12 regions.*13")


def test_too_many_records(small):
    small.shard("valid-1", [3, 4])
    refuses(small, r"valid-1\.tfr, record 1: is more than the 1 regions of the split valid")


def test_a_wrong_checksum(small):
    spoilt = bytearray(small.record(2))
    spoilt[20] ^= 1
    small.records("train-2", small.record(1), bytes(spoilt))
    refuses(small, r"train-2\.tfr, record 2: .*checksum is wrong")


def test_a_truncated_file(small):
    path = small.folder / "tfrecords" / "train-10.tfr"
    path.write_bytes(path.read_bytes()[:-9])
    refuses(small, r"train-10\.tfr, record 1: .*cut short")


@pytest.mark.parametrize(
    ("sequence", "target", "message"),
    [
        (np.zeros(31, "u1"), np.zeros((3, 2), "f2"), "a sequence of 32 bytes .* found 31"),
        (np.full(32, 5, "u1"), np.zeros((3, 2), "f2"), "bases of 0 to 4, found 5"),
        (np.zeros(32, "u1"), np.zeros((3, 3), "f2"), "3 bins × 2 tracks .* found 9"),
        (np.zeros(32, "u1"), np.zeros((3, 2), "f4"), "targets of float16 as before, found float32"),
    ],
)
def test_a_wrong_record(small, sequence, target, message):
    small.records("train-9", record(sequence, target))
    refuses(small, rf"train-9\.tfr, record 1: expected {message}")


def test_a_sequence_that_is_not_one_hot(tmp_path):
    small = Small(tmp_path / "small", indexed=False)
    small.records("train-9", record(np.ones(128, "u1"), small.targets[0]))
    refuses(small, r"train-9\.tfr, record 1: expected a one-hot sequence")


def test_a_record_without_targets(small):
    small.records("train-9", small.record(4, name="targets"))
    refuses(small, r"train-9\.tfr, record 1: .* found sequence, targets")


# Writing


def test_what_is_written_is_read_back(small_sequences, tmp_path):
    data = open_sequence(small_sequences)
    assert list(write_basenji(data, tmp_path / "out")) == list(range(1, 11))
    source = BasenjiFolder(tmp_path / "out")
    assert source.layout.regions.equals(data.regions)
    assert source.layout.tracks.equals(data.tracks)
    for number, sequence, coverage in source.read():
        expected = data.read(number)
        assert all((a == b).all() for a, b in zip((sequence, coverage), expected, strict=True))
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert (statistics["crop_bp"], statistics["train_seqs"], statistics["seq_1hot"]) == (8, 6, True)
    assert source.layout.attributes["assembly"] == "hg38"


def test_what_is_written_is_as_described(small_sequences, tmp_path):
    data = open_sequence(small_sequences)
    list(write_basenji(data, tmp_path / "out"))
    content = zlib.decompress((tmp_path / "out" / "tfrecords" / "valid-0.tfr").read_bytes())
    assert content == record(*data.read(6)) + record(*data.read(7))
    bed = (tmp_path / "out" / "sequences.bed").read_text().splitlines()
    assert bed[6] == "chr1\t608\t656\tvalid"
    header, first, *_ = (tmp_path / "out" / "targets.txt").read_text().splitlines()
    assert header.split("\t")[:3] == ["", "identifier", "file"]
    assert first.split("\t")[:5] == ["0", "A+", "a+.bw", "", "8.0"]


# Real data


def naive(path):
    """Parse the records of a file: sequence and target as bytes."""

    def fields(content):
        place = 0
        while place < len(content):
            tag, size, shift = content[place], 0, 0
            place += 1
            while True:
                byte = content[place]
                size |= (byte & 127) << shift
                place, shift = place + 1, shift + 7
                if byte < 128:
                    break
            yield tag >> 3, content[place : place + size]
            place += size

    content, place, found = zlib.decompress(path.read_bytes()), 0, []
    while place < len(content):
        (size,) = struct.unpack_from("<Q", content, place)
        ((_, features),) = fields(content[place + 12 : place + 12 + size])
        entries = [dict(fields(entry)) for _, entry in fields(features)]
        lists = {entry[1].decode(): dict(fields(entry[2]))[1] for entry in entries}
        found.append({name: dict(fields(values))[1] for name, values in lists.items()})
        place += size + 16
    return found


def test_real_files(shared_data):
    folder = shared_data / "sequence" / "hg38_tiny"
    source = BasenjiFolder(folder)
    layout = source.layout
    assert layout.regions["split"].value_counts().to_dict() == {
        "train": 45,
        "valid": 10,
        "test": 10,
    }
    assert (len(layout.tracks), layout.bins, layout.length, layout.crop) == (
        74,
        2048,
        131072,
        32768,
    )
    kinds = layout.tracks["assay"].str[:3].value_counts().to_dict()
    assert kinds == {"RNA": 40, "CAG": 24, "DNA": 10}
    first = layout.regions.iloc[0]  # chrX:132332645-132398181 in the file
    assert (first["chrom"], first["start"], first["end"]) == ("chrX", 132299877, 132430949)
    regions = {number: (sequence, coverage) for number, sequence, coverage in source.read()}
    for split in ("train", "valid", "test"):
        numbers = np.flatnonzero(layout.regions["split"] == split)
        count = sum(1 for _ in (folder / "tfrecords").glob(f"{split}-*"))
        files = [folder / "tfrecords" / f"{split}-{n}.tfr" for n in range(count)]
        records = [entry for path in files for entry in naive(path)]
        assert len(records) == len(numbers)
        for number, entry in zip(numbers, records, strict=True):
            sequence, coverage = regions[number]
            assert sequence.tobytes() == entry["sequence"]
            assert coverage.tobytes() == entry["target"]
    target = naive(folder / "tfrecords" / "test-1.tfr")[2]["target"]
    seventh = np.flatnonzero(layout.regions["split"] == "test")[6]
    (value,) = struct.unpack_from("<e", target, 2 * (1234 * 74 + 30))
    assert regions[seventh][1][1234, 30] == value
