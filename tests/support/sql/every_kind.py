"""Every case of the reader of SQL: dialect, script, tables read and written, and columns."""

from __future__ import annotations

from tests.support.sql.kinds import KINDS
from tests.support.sql.kinds_by_dialect import BY_DIALECT
from tests.support.sql.kinds_of_places import OF_PLACES
from tests.support.sql.kinds_of_scripts import OF_SCRIPTS
from tests.support.sql.kinds_of_warehouses import OF_WAREHOUSES

EVERY_KIND = [*KINDS, *BY_DIALECT, *OF_PLACES, *OF_SCRIPTS, *OF_WAREHOUSES]
