import bioframe
import pandas as pd
import pytest

from attendome.genome.interactions import write_bedpe, write_interact

PAIRS = pd.DataFrame(
    {
        "chrom": ["chr2", "chr1", "chr1"],
        "start": [500, 300, 100],
        "end": [600, 400, 200],
        "name": ["C", "B", "A"],
        "strand": [".", "-", "+"],
        "source_start": [900, 0, 700],
        "source_end": [1000, 100, 800],
        "value": [0.5, -1.0, 0.25],
        "distance": [400, -300, 600],
    }
)


def test_bedpe_is_read_as_it_was_meant(tmp_path):
    path = tmp_path / "a.bedpe"
    write_bedpe(PAIRS, path, "attention: all")
    extra = ["value", "distance"]
    names = [*bioframe.SCHEMAS["bedpe"], *extra]
    found = bioframe.read_table(path, names=names, comment="#")
    assert found["chrom1"].tolist() == ["chr1", "chr1", "chr2"]
    assert found["chrom2"].tolist() == ["chr1", "chr1", "chr2"]
    assert found[["start1", "end1", "start2", "end2"]].to_numpy().tolist() == [
        [100, 200, 700, 800],
        [300, 400, 0, 100],
        [500, 600, 900, 1000],
    ]
    assert found["name"].tolist() == ["A", "B", "C"]
    assert found["score"].tolist() == [250, 1000, 500]
    assert found["strand1"].tolist() == ["+", "-", "."]
    assert found["value"].tolist() == [0.25, -1.0, 0.5]
    assert found["distance"].tolist() == [600, -300, 400]
    first, second, *_ = path.read_text().splitlines()
    assert first == "# attention: all"
    assert second[1:].split("\t") == names


def test_interact_spans_both_ends(tmp_path):
    path = tmp_path / "a.interact"
    write_interact(PAIRS, path, "links", 'of "all"')
    track, header, *rows = path.read_text().splitlines()
    assert track.startswith("""track type=interact name="links" description="of 'all'" """)
    assert len(header.split("\t")) == 18
    first, second, third = (
        dict(zip(header[1:].split("\t"), r.split("\t"), strict=True)) for r in rows
    )
    assert (first["chromStart"], first["chromEnd"], first["targetName"]) == ("0", "400", "B")
    assert (second["chromStart"], second["chromEnd"]) == ("100", "800")
    assert (second["sourceStart"], second["targetStart"]) == ("700", "100")
    assert (third["score"], third["value"], third["targetStrand"]) == ("500", "0.5", ".")
    assert first["color"] != second["color"], "the sign is seen"


@pytest.mark.parametrize("value", [None, 0.0])
def test_no_links_and_links_of_nothing_are_written(tmp_path, value):
    pairs = PAIRS.iloc[:0] if value is None else PAIRS.assign(value=value)
    write_bedpe(pairs, tmp_path / "a.bedpe", "none")
    write_interact(pairs, tmp_path / "a.interact", "none", "none")
    lines = (tmp_path / "a.bedpe").read_text().splitlines()[2:]
    assert [line.split("\t")[7] for line in lines] == ["0"] * len(pairs)
