"""Commands that run elsewhere: in a container, or on another machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.extractors.python import source_of
from fairlead_airflow.lineage import external
from fairlead_airflow.lineage.parts import Facets, Lineage


class _Commands(Extractor):
    """An operator with a command or a Python function, and perhaps an image."""

    def before(self) -> Lineage:
        image = getattr(self.operator, "image", None)
        where = external.location("docker", f"docker://{image}" if image else None)
        return Lineage(job_facets={**where, **self._code()}, run_facets=self.run())

    def _code(self) -> Facets:
        if not self.source_code_enabled:
            return {}
        function = getattr(self.operator, "python_callable", None)
        if function is not None:
            return external.code("python", source_of(function))
        return external.code("bash", command_line(self.command()))

    def command(self) -> Any:
        """A text, or words."""
        return self.operator.command

    def run(self) -> Facets:
        return {}


class PodExtractor(_Commands):
    """`KubernetesPodOperator` and its kind. Environment variables stay where they are: they hold
    secrets."""

    operators: ClassVar[tuple[str, ...]] = (
        "KubernetesPodOperator",
        "_KubernetesDecoratedOperator",
        "EksPodOperator",
        "GKEStartPodOperator",
    )

    def command(self) -> Any:
        return [*(self.operator.cmds or ()), *(self.operator.arguments or ())]

    def run(self) -> Facets:
        metadata = getattr(getattr(self.operator, "pod", None), "metadata", None)
        name = getattr(metadata, "name", None) or self.trigger_event.get("name")
        namespace = getattr(metadata, "namespace", None) or self.trigger_event.get("namespace")
        return external.run(f"{namespace}/{name}", "kubernetes") if name and namespace else {}


class DockerExtractor(_Commands):
    """`DockerOperator` and `@task.docker`."""

    operators: ClassVar[tuple[str, ...]] = ("DockerOperator", "_DockerDecoratedOperator")

    def run(self) -> Facets:
        container = getattr(self.operator, "container", None)
        return external.run((container or {}).get("Id"), "docker")


class ContainerInstancesExtractor(_Commands):
    """`AzureContainerInstancesOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("AzureContainerInstancesOperator",)


class SshExtractor(_Commands):
    """`SSHOperator` and `SSHRemoteJobOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("SSHOperator", "SSHRemoteJobOperator")


def command_line(command: object) -> str:
    """A command as one would type it."""
    if isinstance(command, str):
        return command
    return shlex.join(map(str, command)) if isinstance(command, Iterable) else ""
