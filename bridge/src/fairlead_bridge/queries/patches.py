"""What changed in a text, line by line."""

from __future__ import annotations

import difflib

#: Lines of one text that are compared.
LINES = 2000


def lines(old: str, new: str) -> list[str]:
    """
    Return what changed, as in a patch: lines begin with "+", "-" or a space, parts with "@@".

    >>> lines("select a\\nfrom t", "select a, b\\nfrom t")
    ['@@ -1,2 +1,2 @@', '-select a', '+select a, b', ' from t']
    """
    before, after = (text.splitlines()[:LINES] for text in (old, new))
    return list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
