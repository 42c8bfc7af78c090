"""Code in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def in_airflow(code: str, home: Path, **environ: str) -> str:
    """What a fresh process prints in which Airflow is imported first."""
    variables = {
        k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "OPENLINEAGE"))
    }
    variables |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import airflow\n{code}"],
        capture_output=True,
        text=True,
        env=variables,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]
