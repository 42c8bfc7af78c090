"""
One name for one dataset, however its producers spell it.

`Normaliser` runs the rules of `rules.RULES`, then the user's, again and again until none has
anything left to change; so a normalised name stays as it is. Nothing here looks anything up: the
same spelling gives the same identity in every process.
"""

from __future__ import annotations

from fairlead_bridge.mapping.identity.normaliser import Identity, Normaliser
from fairlead_bridge.mapping.identity.paths import names_a_place
from fairlead_bridge.mapping.identity.rules import RULES, Rule
from fairlead_bridge.mapping.identity.spelling import Spelling
from fairlead_bridge.mapping.identity.tables import column

__all__ = ["RULES", "Identity", "Normaliser", "Rule", "Spelling", "column", "names_a_place"]
