from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from fairlead_bridge.web.lineage import answers as a
from fairlead_bridge.web.lineage import picture

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> & \x00 \ud800 ]]>"


def card(node: str, x: float, **more: object) -> a.Card:
    kind, namespace, name = node.split(":", 2)
    fields = {"node": node, "id": node, "kind": kind, "namespace": namespace, "name": name}
    place = {"depth": 0, "x": x, "y": 0, "w": 168, "h": 86}
    return a.Card.model_validate({**fields, **place, **more})


def graph(name: str = "public.orders") -> a.Graph:
    cards = [
        card("job:n:load", 0, state="failed", operator="a.b.SQLOperator"),
        card(f"dataset:pg:{name}", 300, written_at=NOON, columns=3, platform="postgres"),
    ]
    edge = a.Route(
        source=cards[0].node,
        target=cards[1].node,
        kind="data",
        first_at=NOON,
        last_at=NOON,
        points=[(168, 43), (300, 43)],
    )
    group = a.Group(
        id="job:n:dag", job_id="0" * 16, job_kind="dag", label=name, namespace="n", x=0, y=0, w=200, h=200,
        schedule=None, state="failed", recent=[], hidden=2,
    )  # fmt: skip
    return a.Graph(
        focus=cards[1].node, width=468, height=86, cards=cards, groups=[group], edges=[edge],
        truncated=0,
    )  # fmt: skip


@pytest.mark.parametrize("theme", [picture.LIGHT, picture.DARK])
def test_a_picture_has_every_card_box_and_edge(theme: picture.Theme) -> None:
    drawn = picture.svg(graph(), theme)
    assert drawn.count('class="card"') == 2
    assert drawn.count('class="edge"') == 1
    assert drawn.count('class="group"') == 1
    assert "2026-11-20 12:00 UTC" in drawn
    assert theme.tones["bad"] in drawn


def test_a_picture_of_datasets_alone_says_the_jobs_on_its_edges() -> None:
    alone = graph()
    job = a.Through(
        node="job:n:load", id="0" * 16, label="load", state="failed", ended_at=None, error=None
    )
    alone.edges[0].jobs = [job]
    assert ">load</text>" in picture.svg(alone)
    alone.edges[0].jobs = [job, job]
    assert ">2 jobs</text>" in picture.svg(alone)


def test_text_in_a_picture_is_only_text() -> None:
    drawn = picture.svg(graph(HOSTILE))
    root = ElementTree.fromstring(drawn.encode())  # noqa: S314  (ours)
    assert not [each for each in root.iter() if each.tag.endswith("script")]
