"""Data quality: is it there, can it be true, does it follow the rules - per code, site and month.

``report(record)`` counts in one pass over the shards and returns a ``QualityReport``.
"""

from nof1.record.quality.problem import Problem, Severity
from nof1.record.quality.report import CHECKS, QualityReport, report
from nof1.record.quality.text import table

__all__ = ["CHECKS", "Problem", "QualityReport", "Severity", "report", "table"]
