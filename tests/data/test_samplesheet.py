from pathlib import Path

import pytest

from attendome.data.samplesheet import read_samplesheet
from attendome.errors import AttendomeError, DataError

HEAD = "cell_type\tmark\tfile"


@pytest.fixture
def sheet(tmp_path):
    """Give a function that writes a samplesheet and reads it."""

    def read(text, name="sheet.tsv", **defaults):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_samplesheet(path, {"genes": Path("all.gtf")} | defaults)

    return read


def test_a_table(sheet, tmp_path):
    rows = [
        f"{HEAD}\tgenes\tcolumn",
        "K562\tH3K4me3\treads/1.bam\town.gtf\tE123",
        "K562\tcontrol\tinput.bam\t\t",
        "A549\tH3K36me3\t/data/a.bw\t\t",
        "K562\tH3K4me3\treads/2.bam\town.gtf\t",
        "K562\tH3K9me3\treads/3.bam\t\t",
    ]
    k562, a549 = sheet("\n".join(rows), expression=Path("rpkm.tsv"))
    assert (k562.cell_type, a549.cell_type) == ("K562", "A549")
    assert k562.signal == {
        "H3K4me3": (tmp_path / "reads/1.bam", tmp_path / "reads/2.bam"),
        "H3K9me3": (tmp_path / "reads/3.bam",),
    }
    assert k562.control == (tmp_path / "input.bam",)
    assert (k562.genes, k562.column) == (tmp_path / "own.gtf", "E123")
    assert a549.signal == {"H3K36me3": (Path("/data/a.bw"),)}
    assert (a549.genes, a549.control) == (Path("all.gtf"), ()), "not relative to the sheet"
    assert k562.expression == a549.expression == Path("rpkm.tsv")


def test_yaml_says_the_same(sheet):
    table = "\n".join([HEAD, "K\tA\t1.bam", "K\tA\t2.bam", "K\tcontrol\tc.bam", "L\tA\t3.bam"])
    yaml = """
    cell_types:
      K:
        signal: {A: [1.bam, 2.bam]}
        control: c.bam
      L:
        signal: {A: 3.bam}
    """
    assert sheet(yaml, "sheet.yaml") == sheet(yaml, "sheet.yml") == sheet(table)


def test_names_in_yaml_may_look_like_numbers(sheet):
    (found,) = sheet("cell_types: {562: {signal: {4: a.bam}}}", "s.yaml")
    assert (found.cell_type, list(found.signal)) == ("562", ["4"])


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\r\nK\tA\ta.bam\r\n",
        f"\ufeff{HEAD}\nK\tA\ta.bam\n\n\n",
        f"# made by hand\n{HEAD}\nK \t A\ta.bam \n",
        f"{HEAD}\nK\tA\ta.bam".replace("\t", ","),
    ],
)
def test_what_spreadsheets_write(sheet, text):
    assert sheet(text) == sheet(f"{HEAD}\nK\tA\ta.bam\n", "plain.tsv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sheet.tsv: expected a table .* found no rows"),
        (HEAD, "sheet.tsv: expected a table .* found no rows"),
        ("cell_type\tmark\tfiles\nK\tA\ta", "unknown column 'files': did you mean 'file'"),
        ("cell_type\tmark\nK\tA", "has no column file; it has cell_type, mark"),
        (f"{HEAD}\nK\tA", "sheet.tsv, line 2: expected 3 columns"),
        (f"{HEAD}\nK\tA\ta\nK\t\tb", "sheet.tsv, row 2: a cell type, mark or file is missing"),
        (f"{HEAD}\nK\tA\ta\nK\tA\t./a", "sheet.tsv, cell type K: a file of A is given twice"),
        (f"{HEAD}\nK\tcontrol\ta", "sheet.tsv, cell type K: The setting 'signal' is missing"),
        (f"{HEAD}\nx/K\tA\ta", "'x/K' cannot name a dataset"),
        (f"{HEAD}\n..\tA\ta", "'..' cannot name a dataset"),
        (f"{HEAD}\tcolumn\nK\tA\ta\tx\nK\tB\tb\ty", "row 2: K has two values of 'column'"),
    ],
)
def test_wrong_tables(sheet, text, message):
    with pytest.raises(DataError, match=message):
        sheet(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: expected a mapping"),
        ("a: [", "s.yaml: cannot be read as YAML"),
        ("cell_type: {}", "s.yaml: expected one mapping, 'cell_types'"),
        ("cell_types: []", "s.yaml: expected one mapping, 'cell_types'"),
        ("cell_types: {K: a.bam}", "cell type K: expected 'signal', marks and their files"),
        ("cell_types: {K: {signals: {A: a}}}", "cell type K: unknown key .* mean 'signal'"),
        ("cell_types: {K: {signal: {}}}", "cell type K: The setting 'signal' is missing"),
        (
            "cell_types: {K: {signal: {A: }}}",
            "cell type K: expected the name of a file, found None",
        ),
        ("cell_types: {K: {signal: {A: []}}}", "cell type K: A has no file"),
        ("cell_types: {K: {signal: {A: [a, a]}}}", "cell type K: a file of A is given twice"),
        ("cell_types: {K: {signal: {A: a}, genes: [g]}}", r"expected the name .* found \['g'\]"),
    ],
)
def test_wrong_yaml(sheet, text, message):
    with pytest.raises(AttendomeError, match=message):
        sheet(text, "s.yaml")


@pytest.mark.parametrize("name", ["nowhere.tsv", "nowhere.yaml"])
def test_a_sheet_that_is_not_there(tmp_path, name):
    with pytest.raises(AttendomeError, match=f"{name}: .*[Nn]o such file"):
        read_samplesheet(tmp_path / name, {})


def test_genes_are_needed(sheet):
    with pytest.raises(DataError, match="cell type K: The setting 'genes' is missing"):
        sheet(f"{HEAD}\nK\tA\ta.bam", genes=None)
