"""The one-file HTML report of a plan and of a backtest."""

from basestock.operations.report.backtest import render_backtest
from basestock.operations.report.learned import render_learned
from basestock.operations.report.page import render_report
from basestock.operations.report.view import ReportMeta, ReportView, view_from_frames

__all__ = [
    "ReportMeta",
    "ReportView",
    "render_backtest",
    "render_learned",
    "render_report",
    "view_from_frames",
]
