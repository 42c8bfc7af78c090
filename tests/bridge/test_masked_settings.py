"""Settings in facets: what is called secret is not kept."""

from __future__ import annotations

import pytest

from fairlead_bridge import masking


@pytest.mark.parametrize(
    "key",
    [
        "password", "DB_PASSWORD", "passwd", "PGPASSWORD", "aws.secretAccessKey", "api_key",
        "apiKey", "API-KEY", "token", "GITHUB_TOKEN", "client_secret", "private.key", "credentials",
        "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_DB",
        "spark.hadoop.fs.azure.account.key.acc.dfs.core.windows.net", "Authorization", "fs.s3a.access.key",
    ],
)  # fmt: skip
def test_a_name_that_sounds_secret_is(key: str) -> None:
    assert masking.is_secret(key)


@pytest.mark.parametrize("key", ["user", "monkey", "path", "HOME", "primary_key", "author", "keys"])
def test_a_name_that_does_not_is_not(key: str) -> None:
    assert not masking.is_secret(key)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://bob:hunter2@h:5432/shop", "postgres://h:5432/shop"),
        ("postgres://bob:p@ss@h/shop", "postgres://h/shop"),
        ("https://ghp_abc@github.com/x", "https://github.com/x"),
        ("see https://bob:x@h/a and https://h/b", "see https://h/a and https://h/b"),
        ("https://h/x?api_key=abc&page=2", "https://h/x?api_key=***&page=2"),
        ("jdbc:sqlserver://h;user=sa;password=abc;encrypt=true",
         "jdbc:sqlserver://h;user=sa;password=***;encrypt=true"),
        ("jdbc:oracle:thin:scott/tiger@h:1521/svc", "jdbc:oracle:thin:@h:1521/svc"),
        ("abfss://container@acc.dfs.core.windows.net/x", "abfss://container@acc.dfs.core.windows.net/x"),
        ("somebody@example.com", "somebody@example.com"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_credentials(text: str, shown: str) -> None:
    assert masking.text(text) == shown


def test_environment_variables_are_shown_by_their_names() -> None:
    facet = {
        "environmentVariables": [
            {"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"},
            {"name": "DATABASE_URL", "value": "postgres://bob:x@h/shop"},
            {"name": "LANG", "value": "C.UTF-8"},
        ]
    }
    shown = masking.strictly(facet)
    assert [each["value"] for each in shown["environmentVariables"]] == [
        "***",
        "postgres://h/shop",
        "C.UTF-8",
    ]


def test_parameters_are_secret_by_key_or_by_name() -> None:
    reported = {
        "parameters": [{"key": "p1", "name": "api token", "value": 7}, {"key": "n", "value": 7}]
    }
    assert [each["value"] for each in masking.strictly(reported)["parameters"]] == ["***", 7]


def test_nested_secrets_are_found_and_structures_stay() -> None:
    reported = {"conf": {"db": {"password": "x", "host": "h"}, "tokens": ["a"], "secret": None}}
    assert masking.strictly(reported) == {
        "conf": {"db": {"password": "***", "host": "h"}, "tokens": "***", "secret": None}
    }
