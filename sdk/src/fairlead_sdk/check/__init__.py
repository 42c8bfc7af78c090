"""Whether a change of files breaks what others make of the data: `fairlead check`.

files (before and after) -> what they leave in tables -> what differs -> asked of the catalog -> findings
"""

from __future__ import annotations

from fairlead_sdk.check.checking import check
from fairlead_sdk.check.model import Finding, Report

__all__ = ["Finding", "Report", "check"]
