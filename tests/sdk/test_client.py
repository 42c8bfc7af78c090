"""The client of the bridge's REST API."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

import fairlead_sdk
from fairlead_sdk.testing import Receiver

pytestmark = pytest.mark.usefixtures("sending")


def test_a_list_is_read_page_after_page(receiver: Receiver) -> None:
    with fairlead_sdk.run("j"):
        pass
    receiver.wait_for(2)
    with fairlead_sdk.Client(receiver.url, "k") as client:
        assert client.health()["status"] == "ok"
        assert len(list(client.runs(dag_id="x", state=None))) == 2
    path, headers, _ = receiver.requests[-1]
    assert path == "/api/v1/runs?limit=200&dag_id=x"
    assert headers["Authorization"] == "Bearer k"


@pytest.mark.parametrize(
    "written",
    [
        ("postgres://db:5432/shop/public/orders",),
        ("postgres://db:5432", "shop.public.orders"),
        (("postgres://db:5432", "shop.public.orders"),),
        ({"namespace": "postgres://db:5432", "name": "shop.public.orders"},),
    ],
)
def test_a_client_takes_a_dataset_as_lineage_does(receiver: Receiver, written: Any) -> None:
    with fairlead_sdk.Client(receiver.url) as client:
        assert client.dataset(*written) is not None
    path, _, _ = receiver.requests[-1]
    assert unquote(path) == "/api/v1/datasets/postgres://db:5432:shop.public.orders"


def test_a_client_asked_for_what_is_no_dataset_says_what_it_needs(receiver: Receiver) -> None:
    with (
        fairlead_sdk.Client(receiver.url) as client,
        pytest.raises(ValueError, match="write a URI"),
    ):
        client.dataset("orders")


def test_a_client_without_an_address_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_URL")
    with pytest.raises(ValueError, match="FAIRLEAD_URL"):
        fairlead_sdk.Client()
