"""The command that validates; plain explaining is tested with the runs."""

import pytest

HELD_OUT = "H3K4me1"


@pytest.fixture(scope="module")
def on_one(succeed, dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    succeed("train", dataset, "--model", "logistic", "--marks", "H3K4me3,H3K9me3", "--out", out)
    return out


def test_validate(succeed, on_one, tmp_path):
    out = tmp_path / "out"
    said = succeed(
        *("explain", on_one, "--validate", "--held-out", HELD_OUT, "--out", out),
        *("--methods", "occlusion, occlusion", "--seeds", 2),
    )
    assert f"{HELD_OUT} (held out; r = " in said
    assert said.startswith("occlusion: ")
    assert f"Wrote {out}: report.html" in said
    for name in ("validation.tsv", "report.html", "verdicts.md", "validation.png"):
        assert (out / name).is_file()
    assert (out / "runs" / "seed-1" / "model.json").is_file()


def test_a_mark_that_was_read(fail, on_one):
    said = fail("explain", on_one, "--validate", "--held-out", "H3K9me3")
    assert "H3K9me3 is a mark that" in said
    assert not (on_one / "validation").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--validate"], "needs --held-out"),
        (
            ["--validate", "--held-out", HELD_OUT, "--split", "test"],
            "of the other options it takes",
        ),
        (["--validate", "--held-out", HELD_OUT, "--method", "beta"], "of the other options it"),
        (["--held-out", HELD_OUT], "options of --validate"),
        (["--methods", "beta"], "options of --validate"),
    ],
)
def test_options_that_do_not_go_together(invoke, on_one, options, message):
    result = invoke("explain", on_one, *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
