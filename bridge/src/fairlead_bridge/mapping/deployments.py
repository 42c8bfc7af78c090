"""
Which Airflow an event comes from: the run facet `fairlead_deployment`.

Only the namespace distinguishes the jobs and runs of two Airflows. Two Airflows under one are one to the catalog;
this facet, of our provider's scheduler part, is what shows that they are two.
"""

from __future__ import annotations

from fairlead_bridge.facts import DeploymentFacts
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.decode import Facets
from fairlead_bridge.mapping.parts import Parts

FACET = "fairlead_deployment"


def add(parts: Parts, facets: Facets | None, namespace: str) -> None:
    """Add the deployment that the event names, if it names one."""
    body = decode.facet(facets, FACET) if facets and FACET in facets else None
    name = body.get("name") if body else None
    if isinstance(name, str) and name.strip():
        parts.deployments.append(DeploymentFacts(namespace, decode.name(name.strip()), parts.at))
