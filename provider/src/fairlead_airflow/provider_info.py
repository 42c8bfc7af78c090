"""What Airflow wants to know about this provider. Read at every start of Airflow: imports nothing."""

from __future__ import annotations

from fairlead_sdk.documents import Json

_FIRST_VERSION = "0.1.0"


def get_provider_info() -> Json:
    """The provider's description; Airflow validates it against its own schema."""
    return {
        "package-name": "airflow-provider-fairlead",
        "name": "Fairlead",
        "description": "Operational lineage: durable OpenLineage delivery to data catalogs.",
        "integrations": [
            {"integration-name": "Fairlead", "external-doc-url": "", "tags": ["service"]}
        ],
        "hooks": [_modules("fairlead_airflow.hooks")],
        "operators": [_modules("fairlead_airflow.operators")],
        "sensors": [_modules("fairlead_airflow.sensors")],
        "triggers": [_modules("fairlead_airflow.triggers")],
        "notifications": ["fairlead_airflow.notifications.FairleadNotifier"],
        "plugins": [{"name": "fairlead", "plugin-class": "fairlead_airflow.plugin.FairleadPlugin"}],
        "cli": ["fairlead_airflow.cli.get_fairlead_cli_commands"],
        "asset-uris": [
            {
                "schemes": ["sqlite", "http", "https", "duckdb", "clickhouse"],
                "handler": None,
                "to_openlineage_converter": "fairlead_airflow.lineage.naming.to_openlineage",
            }
        ],
        "connection-types": [_CONNECTION],
        "config": {"fairlead": {"description": "Where lineage goes and how.", "options": _OPTIONS}},
    }


def _modules(name: str) -> dict[str, object]:
    return {"integration-name": "Fairlead", "python-modules": [name]}


_CONNECTION: dict[str, object] = {
    "connection-type": "fairlead",
    "hook-class-name": "fairlead_airflow.hooks.FairleadHook",
    "hook-name": "Fairlead",
    "ui-field-behaviour": {
        "hidden-fields": ["login"],
        "relabeling": {"password": "API key", "schema": "http or https"},
        "placeholders": {
            "host": "bridge.example.com",
            "port": "7070",
            "schema": "http",
            "extra": '{"timeout": 10, "verify": "/path/to/ca.pem"}',
        },
    },
}


def _option(
    description: str, kind: str = "string", example: str | None = None, default: str | None = None
) -> dict[str, object]:
    return {
        "description": description,
        "version_added": _FIRST_VERSION,
        "type": kind,
        "example": example,
        "default": default,
    }


_OPTIONS: dict[str, dict[str, object]] = {
    "enabled": _option("Whether Fairlead sets OpenLineage up.", "boolean", default="True"),
    "url": _option(
        "The bridge, or any OpenLineage receiver. Without it the connection is asked.",
        example="http://bridge:7070",
    ),
    "api_key": _option("Sent as a bearer token; only together with ``url``.") | {"sensitive": True},
    "conn_id": _option(
        "The Airflow connection (type fairlead) that says where lineage goes, unless ``url`` does.",
        default="fairlead_default",
    ),
    "page_url": _option(
        "The catalog's page as people's browsers reach it, for the links and tabs in Airflow's page. "
        "Default: ``url``; ``off`` for none.",
        example="https://lineage.example.com",
    ),
    "columns_from_bridge": _option(
        "Ask the bridge for the columns of tables where SQL cannot be read without them (``*``, ``INSERT`` "
        "without names) and the database does not say them. At most a second, after the task's work.",
        "boolean",
        default="True",
    ),
    "transport": _option(
        "JSON of any OpenLineage transport to deliver through instead of HTTP.",
        example='{"type": "kafka", "topic": "lineage", "config": {"bootstrap.servers": "k:9092"}}',
    ),
    "timeout": _option("Seconds for one request of the delivery.", "float", default="10"),
    "mask_keys": _option(
        "Comma-separated parts of key names whose values are masked, besides Airflow's own.",
        example="iban,ssn",
    ),
    "mask_patterns": _option(
        "JSON list of regular expressions; what they match in an event is masked.",
        example='["[A-Z]{2}[0-9]{20}"]',
    ),
    "max_event_bytes": _option(
        "Size of an event, beyond which facets are cut, and named in the facet fairlead_cut.",
        "integer",
        default="1048576",
    ),
    "spool": _option(
        "Folder on the worker's disk that stores events until they are delivered; {hostname} and "
        "{user} are replaced. Default: fairlead/spool in AIRFLOW_HOME.",
        example="/var/spool/fairlead/{{hostname}}",
    ),
    "max_bytes": _option(
        "Size of the spool, beyond which the oldest events are dropped.",
        "integer",
        default="536870912",
    ),
    "max_age": _option(
        "Seconds after which an undelivered event is dropped.", "float", default="1209600"
    ),
    "sync": _option(
        "Whether each append waits for the disk: safe against power loss, slower.",
        "boolean",
        default="False",
    ),
    "deliver": _option(
        "``background``: a process started on demand delivers. ``outside``: a sidecar does, running "
        "``fairlead spool deliver``.",
        default="background",
    ),
    "idle_exit": _option(
        "Seconds without an event after which the background process ends.", "float", default="60"
    ),
    "orphan_exit": _option(
        "Seconds after which the background process gives up where Airflow has ended and the receiver "
        "takes nothing; the events stay.",
        "float",
        default="900",
    ),
    "wait": _option(
        "Seconds that a task's last event waits for delivery, for pods that end with the task.",
        "float",
        default="0",
    ),
}
