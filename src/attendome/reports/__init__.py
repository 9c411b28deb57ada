"""The report of a run: one HTML page that opens offline."""

from attendome.reports.content import ReportContent
from attendome.reports.html import write_report

__all__ = ["ReportContent", "write_report"]
