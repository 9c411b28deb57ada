"""Reports: of a run and of a comparison, as HTML pages that open offline."""

from attendome.reports.comparison import write_comparison
from attendome.reports.content import ReportContent
from attendome.reports.html import write_report

__all__ = ["ReportContent", "write_comparison", "write_report"]
