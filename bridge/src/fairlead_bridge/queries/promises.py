"""When jobs break what is expected of their runs: a run takes too long, or does not start."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead_bridge.insight.breaches import Due
from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.insight.rules import Within
from fairlead_bridge.queries import history, starts
from fairlead_bridge.queries.runs import runs_by_id
from fairlead_bridge.queries.snapshot import Snapshot


def due(snapshot: Snapshot, expected: Mapping[int, Expectation]) -> dict[int, Due]:
    """
    When each of these jobs is late: of one whose run goes on, when that should end; of another DAG,
    when the next one should have begun. Jobs of which neither is known are left out.
    """
    rules = {id: each.rule for id, each in expected.items() if isinstance(each.rule, Within)}
    newest = history.states(snapshot, rules)
    runs = runs_by_id(snapshot, (each.run for each in newest.values() if each.state == "running"))
    found: dict[int, Due] = {}
    for id, whole in newest.items():
        run, rule = runs.get(whole.run), rules[id]
        if run is not None and run.started_at is not None:
            end = rule.due(run.started_at)
            if end is not None:
                found[id] = Due(end, rule.text, run.id, run.started_at)
    waiting = [id for id, rule in rules.items() if rule.starts is not None and id not in found]
    for id, known in starts.of(snapshot, waiting).items():
        begin = rules[id].start_due(known.due) if known.due is not None else None
        if begin is not None and not known.is_active:
            found[id] = Due(begin, rules[id].text)
    return found
