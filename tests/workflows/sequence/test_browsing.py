"""What the region browser of a report shows, gathered from a run and from files."""

from dataclasses import replace

import pandas as pd
import polars as pl
import pysam
import pytest
import torch

from attendome.errors import DataError, SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.reports.sequence.browser import region_entries
from attendome.workflows.sequence.browsing import MEAN, Beside, attention_pairs, regions_asked
from attendome.workflows.sequence.reporting import report_content


@pytest.fixture
def scored(run):
    """The run with scores of the test split."""
    run.evaluate()
    return run


@pytest.fixture
def files(tmp_path):
    """Give a function that writes a file of each kind; regions of test are chr1:800– and 900–."""

    def write(ending=".tsv", track="B", chrom="1"):
        genes, links = tmp_path / "genes.tsv", tmp_path / "links.bedpe"
        genes.write_text(f"gene\tchrom\tstrand\ttss\nG1\t{chrom}\t+\t820\nG2\t{chrom}\t-\t2000\n")
        links.write_text(
            "# attention: links\n#chrom1\tstart1\n"
            f"{chrom}\t808\t816\t{chrom}\t840\t848\tG1\t900\t+\t.\t.5\t32\nchr2\t1\t2\tchr3\t1\t2\n"
        )
        table = pl.DataFrame(
            {
                "variant": ["v1", "v1", "v2"], "chrom": [chrom] * 3, "position": [820, 820, 5000],
                "ref": "A", "alt": "C", "id": ["rs1", "rs1", None], "track": track,
                "site_sum": [0.5, 0.5, 1.0], "site_max": 0.1, "window_sum": 0.2,
                "gene": ["G1", "G2", None],
            }
        )  # fmt: skip
        variants = tmp_path / f"variants{ending}"
        if ending == ".parquet":
            table.write_parquet(variants)
        elif ending == ".tsv":
            table.write_csv(variants, separator="\t")
        else:
            with pysam.BGZFile(str(variants), "wb", None) as packed:  # a member per line
                for line in table.write_csv(separator="\t").splitlines(keepends=True):
                    packed.write(line.encode())
                    packed.flush()
        return Beside((), genes, links, variants)

    return write


def content_of(run, beside):
    return report_content(run, run.dataset(), run.last_scores(), beside)


@pytest.mark.parametrize("ending", [".tsv", ".tsv.gz", ".parquet"])
def test_what_files_hold_is_shown_in_their_region(scored, files, ending):
    browser = content_of(scored, files(ending)).browser
    assert browser.coverage["track"].to_numpy().tolist() == ["B"], "the track of the variants"
    assert not browser.asked
    first, second = region_entries(browser)
    assert (first["start"], first["split"]) == (808, "test")
    assert first["genes"]["name"] == ["G1"]
    assert first["links"]["score"] == [900.0]
    assert first["variants"]["name"] == ["rs1"], "once, though it stands by two genes"
    assert second["genes"]["name"] == second["links"]["name"] == second["variants"]["name"] == []


def test_without_options_the_browser_shows_coverage_only(scored):
    content = content_of(scored, None)
    assert content.browser.attention is None
    assert content.browser.coverage.sizes == {"region": 2, "bin": 6, "track": 3}
    assert content.browser.coverage["bin_start"].to_numpy().tolist() == [808, 908]


@pytest.mark.parametrize("kinds", [("variants",), ()])
def test_where_no_track_has_a_score_the_page_says_that_nothing_is_shown(scored, files, kinds):
    path = scored.path / "tracks.parquet"
    scores = pd.read_parquet(path)
    unknown = scores["track"] == "B" if kinds else scores["track"] != ""
    scores.assign(pearson=scores["pearson"].mask(unknown)).to_parquet(path)
    content = content_of(scored, replace(files(), genes=None, links=None) if kinds else None)
    assert content.browser is None
    said = "no track in the table of variants has a score." if kinds else "no track has a score."
    assert content.notes == [f"Nothing is shown along the genome: {said}"]


def test_regions_that_are_asked_for_are_shown_whatever_their_split(scored):
    browser = content_of(scored, Beside(("chr1:650-651", "1:20-30"))).browser
    assert browser.asked
    assert browser.coverage["bin_start"].to_numpy().tolist() == [8, 608]
    assert browser.coverage["split"].to_numpy().tolist() == ["train", "valid"]
    expected = scored.dataset().read(6)[1][:, 2]
    found = browser.coverage["observed"].sel(track="B").isel(region=1)
    assert found.to_numpy() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("stretches", "error", "said"),
    [
        (["chr1:0-5"], DataError, "no region whose predicted bins overlap chr1:0-5"),
        (["chr1"], DataError, "10 regions overlap chr1; a report shows at most 8"),
        (["chr1:5-1"], SettingsError, "expected a chromosome, or a stretch"),
        (["chr7:1-2"], DataError, "has no chromosome 'chr7'"),
    ],
)
def test_stretches_that_do_not_fit(scored, stretches, error, said):
    with pytest.raises(error, match=said):
        regions_asked(scored.dataset(), stretches)


@pytest.mark.parametrize("kind", ["genes", "links", "variants"])
def test_files_of_other_chromosomes_or_missing(scored, files, tmp_path, kind):
    beside = replace(Beside(), **{kind: getattr(files(chrom="chr7"), kind)})
    with pytest.raises(DataError, match="none of its chromosomes is one of chr1"):
        content_of(scored, beside)
    with pytest.raises(DataError, match="nothing"):
        content_of(scored, replace(Beside(), **{kind: tmp_path / "nothing"}))


def test_tables_that_are_no_variants(scored, files):
    with pytest.raises(DataError, match=r"none of its tracks is of this model\. It has other"):
        content_of(scored, files(track="other"))
    beside = files()
    with pytest.raises(DataError, match="lacks the columns variant"):
        content_of(scored, Beside(variants=beside.genes))
    beside.variants.write_text(beside.variants.read_text().replace("5000", "far"))
    with pytest.raises(DataError, match="cannot be read as a table that attendome variants wrote"):
        content_of(scored, beside)


def test_pairs_are_those_of_the_strongest_attention(small_sequences, small, tmp_path):
    from attendome.workflows import train

    settings = small | {"epochs": 1}
    run = train(small_sequences, "attention", tmp_path / "run", settings, seed=1)
    run.evaluate()
    browser = content_of(run, None).browser
    data = run.dataset()
    (weights,) = run.model.attend(one_hot(torch.from_numpy(data.read(8)[0]))[None]).attention
    mean = weights[0].mean(dim=0)[1:-1].detach().numpy()
    pairs = browser.attention.query("region == 0 and head == @MEAN")
    found = mean[pairs["target"].to_numpy(), pairs["source"].to_numpy() + 1]
    assert pairs["share"].to_numpy() == pytest.approx(found)
    assert (pairs["target"] - pairs["source"]).abs().min() >= 2
    far = [mean[t, s] for t in range(6) for s in range(8) if abs(t + 1 - s) >= 2]
    assert len(pairs) == len(far)
    assert pairs["share"].is_monotonic_decreasing
    heads = pd.unique(browser.attention["head"]).tolist()
    assert heads == browser.heads == [MEAN, *[f"head {n + 1}" for n in range(weights.shape[1])]]
    again = attention_pairs(run.model, data.split("test"), content_of(run, None).attention["head"])
    pd.testing.assert_frame_equal(again, browser.attention)
