"""Hand evidence over: one ZIP that anybody can check, with a report to read."""

from monitor.evidence.export.check import check_export, is_export
from monitor.evidence.export.exporter import FileExporter

__all__ = ["FileExporter", "check_export", "is_export"]
