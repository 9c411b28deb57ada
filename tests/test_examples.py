"""The examples run."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def test_build_from_reads(tmp_path):
    command = [sys.executable, EXAMPLES / "build_from_reads.py", tmp_path / "made"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    printed = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
    assert "400 genes × 2 marks × 20 bins" in printed
    assert float(printed.partition("test AUROC: ")[2].split()[0]) > 0.85
    for name in ("quality.html", "run/report.html"):
        assert (tmp_path / "made" / name).stat().st_size > 1_000_000
