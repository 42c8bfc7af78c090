"""`fairlead-bridge`: what it can be asked, and a file for each command."""

from fairlead_bridge.cli.program import main, parser

__all__ = ["main", "parser"]
