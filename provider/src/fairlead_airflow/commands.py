"""What `airflow fairlead doctor | status | flush | init` do. They print; the exit code says if all is
well."""

# ruff: noqa: T201 - printing is what a command line is for

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


def doctor(args: Any) -> None:
    """Print the summary in the first line, then each finding. Exit 1 if lineage does not arrive."""
    from fairlead_airflow.doctor import examine
    from fairlead_airflow.findings import Level

    summary, *findings = examine(args.timeout, send=not args.no_probe)
    print(f"{summary.level.value:4} {summary.text}\n")
    for finding in findings:
        print(f"{finding.level.value:4} {finding.text}")
    sys.exit(1 if summary.level is Level.FAIL else 0)


def status(args: Any) -> None:
    """What the spool of this host holds."""
    from fairlead_airflow.transport import read_config
    from fairlead_sdk.cli import status as spool_status
    from fairlead_sdk.settings import Settings

    rows = spool_status(Settings.from_dict(read_config().spool))
    if args.json:
        print(json.dumps(rows))
        return
    for name, value in rows.items():
        print(f"{name:28} {'-' if value is None else value}")


def flush(args: Any) -> None:
    """Exit 1 if events are left."""
    from fairlead_airflow.transport import read_config, resolve
    from fairlead_sdk.cli import flush as flush_spool

    done = flush_spool(resolve(read_config()), args.timeout)
    print("everything is delivered" if done else "events are left, see `airflow fairlead status`")
    sys.exit(0 if done else 1)


def init(args: Any) -> None:
    """The lines to copy; nothing is changed."""
    print(RECIPES[args.target](args.url))


_WHEELS = """\
# The two wheels, made in a checkout of Fairlead and copied to where these lines are used:
# pip wheel --no-deps --wheel-dir wheels ./sdk ./provider"""
_NAMESPACE = "# One of its own for each Airflow:\nexport AIRFLOW__OPENLINEAGE__NAMESPACE=prod"
_FILES = ("fairlead_sdk-{0}-py3-none-any.whl", "airflow_provider_fairlead-{0}-py3-none-any.whl")


def _requirements(folder: str) -> str:
    """The lines of a requirements.txt; both packages as files, since no index has them."""
    return "\n".join(folder + name.format(version("airflow-provider-fairlead")) for name in _FILES)


def _env(url: str) -> str:
    return f"{_WHEELS}\npip install wheels/*.whl\nexport AIRFLOW__FAIRLEAD__URL={url}\n{_NAMESPACE}"


def _docker(url: str) -> str:
    return f"""\
{_WHEELS}

# Dockerfile: the folder must be there and Airflow's, or the volume becomes root's
FROM apache/airflow:3.3.2
COPY wheels/*.whl /tmp/wheels/
RUN pip install --no-cache-dir /tmp/wheels/*.whl
RUN mkdir -p /opt/airflow/spool

# docker-compose.override.yml: the same for every service that runs Airflow, named as in Airflow's own file
x-lineage: &lineage
  environment:
    AIRFLOW__FAIRLEAD__URL: {url}
    AIRFLOW__FAIRLEAD__SPOOL: /opt/airflow/spool
    AIRFLOW__OPENLINEAGE__NAMESPACE: prod # one of its own for each Airflow
  volumes:
    - lineage-spool:/opt/airflow/spool
services:
  airflow-apiserver: *lineage
  airflow-scheduler: *lineage
  airflow-dag-processor: *lineage
  airflow-triggerer: *lineage
  airflow-worker: *lineage
volumes:
  lineage-spool:"""


def _helm(url: str) -> str:
    return f"""\
# lineage-spool.yaml, for `kubectl apply`: a claim that outlives every pod, and that all nodes may mount
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: lineage-spool
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests:
      storage: 2Gi
---
# values.yaml of the official chart; the image is that of `--target docker`
env:
  - name: AIRFLOW__FAIRLEAD__URL
    value: {url}
  - name: AIRFLOW__OPENLINEAGE__NAMESPACE # one of its own for each Airflow
    value: prod
  # A folder for each pod. What a pod leaves that never comes back:
  # fairlead spool flush --spool /opt/airflow/spool/POD --url {url}
  - name: AIRFLOW__FAIRLEAD__SPOOL
    value: /opt/airflow/spool/{{hostname}}
  # KubernetesExecutor: pods end with their task, so the last event waits for its delivery.
  - name: AIRFLOW__FAIRLEAD__WAIT
    value: "8"
volumes:
  - name: lineage-spool
    persistentVolumeClaim: {{claimName: lineage-spool}}
volumeMounts:
  - name: lineage-spool
    mountPath: /opt/airflow/spool"""


def _mwaa(url: str) -> str:
    return f"""\
{_WHEELS}

# requirements.txt; the wheels lie in plugins.zip
{_requirements("/usr/local/airflow/plugins/")}

# Environment, Airflow configuration options
fairlead.url = {url}
fairlead.spool = /usr/local/airflow/fairlead/spool"""


def _composer(url: str) -> str:
    return f"""\
{_WHEELS}
# Composer installs from an index only, so put the wheels into one that the environment may read:
twine upload --repository-url https://LOCATION-python.pkg.dev/PROJECT/REPOSITORY/ wheels/*.whl
gcloud composer environments update ENVIRONMENT --location LOCATION \\
  --update-pypi-package airflow-provider-fairlead
gcloud composer environments update ENVIRONMENT --location LOCATION \\
  --update-airflow-configs fairlead-url={url},fairlead-spool=/home/airflow/fairlead/spool"""


def _astronomer(url: str) -> str:
    return f"""\
{_WHEELS}

# Dockerfile
COPY wheels/*.whl /tmp/wheels/
RUN pip install --no-cache-dir /tmp/wheels/*.whl

# .env, or the deployment's variables
AIRFLOW__FAIRLEAD__URL={url}
AIRFLOW__FAIRLEAD__SPOOL=/usr/local/airflow/fairlead/spool"""


RECIPES: dict[str, Callable[[str], str]] = {
    "env": _env,
    "docker": _docker,
    "helm": _helm,
    "mwaa": _mwaa,
    "composer": _composer,
    "astronomer": _astronomer,
}
