"""Options of report for what is shown along the genome."""


def test_regions_and_files_are_shown(succeed, fail, small_sequences, tmp_path):
    run, genes, links = tmp_path / "run", tmp_path / "genes.tsv", tmp_path / "links.bedpe"
    settings = ["--set", "scale=small", "--set", "epochs=1", "--set", "batch_size=2"]
    succeed("train", small_sequences, "--model", "standard", "--out", run, *settings)
    genes.write_text("gene\tchrom\tstrand\ttss\nMYGENE\t1\t+\t620\n")
    links.write_text("chr1\t608\t616\tchr1\t640\t648\tMYLINK\n")
    options = ["--region", "chr1:610-650", "--genes", genes, "--links", links]
    assert succeed("report", run, *options) == f"Wrote {run / 'report.html'}\n"
    text = (run / "report.html").read_text(encoding="utf-8")
    assert '"MYGENE"' in text
    assert '"MYLINK"' in text
    out = tmp_path / "other.html"
    assert "no such file" in fail("report", run, "--variants", tmp_path / "no.tsv", "--out", out)
    assert "overlap chr1:0-2" in fail("report", run, "--region", "chr1:0-2", "--out", out)
    assert not out.exists()


def test_a_model_of_histone_marks_has_no_such_options(fail, run):
    assert "are for models that read DNA" in fail("report", run, "--region", "chr1:1-2")
