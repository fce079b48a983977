"""The HTML report: one file that shows where the time of every request of a run went."""

from services.lab.report.page import write_report

__all__ = ["write_report"]
