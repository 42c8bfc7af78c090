"""`python -m fairlead_bridge` is `fairlead-bridge`."""

from __future__ import annotations

import sys

from fairlead_bridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
