"""``attendome coverage`` as a user types it."""

import signal
import time

import pytest

from genome.plain_coverage import Record, write_bam

SECONDARY = 256


@pytest.fixture
def bam(tmp_path):
    records = [Record(f"r{n}", 500 + n) for n in range(20)]
    records += [Record("several", 505, mapq=0), Record("several", 50, SECONDARY, mapq=0)]
    records += [Record("unsure", 800, mapq=0), Record("duplicate", 5, 1024)]
    return write_bam(tmp_path / "reads.bam", records)


def test_a_track_is_made_and_told(succeed, bam, tmp_path):
    said = succeed("coverage", bam, tmp_path / "out.bw", "--assay", "CAGE", "--clip", "1")
    assert "Left out 1 of 24 records: duplicate." in said
    assert "Reads with several places settled after 2 rounds" in said
    assert "1 reads have one place in the file, but mapping quality 0" in said
    assert "1 bases were clipped to 1." in said
    assert "21 reads with one place, 1 with several." in said
    assert f"Wrote {tmp_path / 'out.bw'}: coverage of 21 in all." in said


def test_options_reach_the_work(succeed, bam, tmp_path):
    options = ["--strands", "--multimap", "unique", "--shift", "75"]
    said = succeed("coverage", bam, tmp_path / "out.bw", *options)
    assert "Left out 2 of 24 records: several places." in said
    assert f"Wrote {tmp_path / 'out.plus.bw'}: coverage of 20 in all." in said
    assert f"Wrote {tmp_path / 'out.minus.bw'}: coverage of 0 in all." in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--assay", "rna"], "Setting 'assay' cannot be 'rna': input should be 'CAGE', 'DNASE'"),
        (["--multimap", "all"], "Setting 'multimap' cannot be 'all'"),
        (["--clip", "-1"], "Setting 'clip' cannot be"),
        (["--as-published"], "give gc_correct too"),
        (["--gc-correct", "none.fa"], "none.fa: no such file"),
    ],
)
def test_wrong_options_are_refused(options, message, fail, bam, tmp_path):
    assert message in fail("coverage", bam, tmp_path / "out.bw", *options)
    assert [path.name for path in tmp_path.iterdir()] == ["reads.bam"]


def test_wrong_files_are_refused(fail, bam, tmp_path):
    assert "no such file" in fail("coverage", tmp_path / "none.bam", tmp_path / "out.bw")
    assert "expected the name of a bigWig file" in fail("coverage", bam, tmp_path / "out.bam")
    (tmp_path / "cut.bam").write_bytes(bam.read_bytes()[:-30])
    assert "cut short" in fail("coverage", tmp_path / "cut.bam", tmp_path / "out.bw")
    (tmp_path / "out.bw").write_text("mine")
    assert "exists already" in fail("coverage", bam, tmp_path / "out.bw")


def test_an_interruption_leaves_nothing(start, bam, tmp_path):
    """Ctrl-C while the library that writes bigWig is at work."""
    code = (
        "import time\n"
        "from attendome.genome import bigwig_writing\n"
        "def slow(*arguments):\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
        "bigwig_writing.repeat = slow\n"
        "from attendome.cli.app import main\n"
        "main()"
    )
    process = start("coverage", bam, tmp_path / "out.bw", code=code)
    assert process.stdout.readline() == "writing\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; nothing is half written. Run the same command again." in errors
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["reads.bam"]
