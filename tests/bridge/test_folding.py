"""What of a graph is drawn, and what is folded away and counted; pure."""

from __future__ import annotations

from fairlead_bridge.queries.lineage import Hop
from fairlead_bridge.web.lineage import folding
from fairlead_bridge.web.lineage.folding import Part

#: Datasets have small numbers, jobs start at 100.
DAG, OTHER_DAG = 1000, 2000


def part(*edges: tuple[int, int], **more: dict[int, int]) -> Part:
    nodes = {node: 0 for edge in edges for node in edge}
    hops = {(source, target, "data"): Hop(1, 9, None) for source, target in edges}
    return folding.part_of(nodes, hops, more.get("up", {}), more.get("down", {}))


def arrows(drawn: Part) -> set[tuple[int, int]]:
    return {(source, target) for source, target, _ in drawn.hops}


def test_a_job_between_two_datasets_becomes_part_of_the_edge() -> None:
    drawn = folding.contract(part((1, 100), (2, 100), (100, 3), (3, 101), (101, 4)), [100, 101])
    assert set(drawn.depths) == {1, 2, 3, 4}
    assert arrows(drawn) == {(1, 3), (2, 3), (3, 4)}
    assert drawn.via[1, 3, "data"] == [100]


def test_two_jobs_between_the_same_datasets_are_one_edge_that_says_both() -> None:
    drawn = folding.contract(part((1, 100), (100, 2), (1, 101), (101, 2)), [100, 101])
    assert arrows(drawn) == {(1, 2)}
    assert drawn.via[1, 2, "data"] == [100, 101]


def test_an_edge_through_a_job_is_as_old_as_both_of_its_halves() -> None:
    walked = part((1, 100), (100, 2))
    walked.hops[1, 100, "data"] = Hop(10, 50, 7)
    walked.hops[100, 2, "data"] = Hop(20, 90, 8)
    (hop,) = folding.contract(walked, [100]).hops.values()
    assert (hop.first_at, hop.last_at, hop.last_run) == (20, 50, 7)


def test_a_job_that_connects_too_many_pairs_stays_a_card() -> None:
    edges = [(n, 100) for n in range(11)] + [(100, n) for n in range(20, 30)]
    drawn = folding.contract(part(*edges), [100])
    assert 100 in drawn.depths
    assert len(drawn.hops) == 21


def test_what_a_folded_job_reads_beyond_the_drawing_is_counted_at_its_datasets() -> None:
    drawn = folding.contract(part((1, 100), (100, 2), up={100: 3}, down={100: 4}), [100])
    assert (drawn.more_up[2], drawn.more_down[1]) == (3, 4)


def test_a_job_that_merges_into_what_it_reads_leaves_no_edge_to_itself() -> None:
    assert arrows(folding.contract(part((1, 100), (100, 1)), [100])) == set()


def test_a_dag_stands_for_its_tasks_and_the_tables_that_only_they_use() -> None:
    walked = part((1, 100), (100, 2), (2, 101), (101, 3), (3, 102), up={100: 2})
    drawn = folding.fold(walked, {100: DAG, 101: DAG, 102: OTHER_DAG})
    assert set(drawn.depths) == {1, DAG, 3, OTHER_DAG}
    assert sorted(drawn.inside[DAG]) == [2, 100, 101]
    assert arrows(drawn) == {(1, DAG), (DAG, 3), (3, OTHER_DAG)}
    assert drawn.more_up[DAG] == 2


def test_a_table_that_others_use_too_stays_beside_its_dag() -> None:
    drawn = folding.fold(part((100, 2), (2, 101), (2, 102)), {100: DAG, 101: DAG, 102: OTHER_DAG})
    assert arrows(drawn) == {(DAG, 2), (2, OTHER_DAG)}
    counted = folding.fold(part((100, 2), (2, 101), down={2: 1}), {100: DAG, 101: DAG})
    assert arrows(counted) == {(DAG, 2)}
    kept = folding.fold(part((100, 2), (2, 101)), {100: DAG, 101: DAG}, unfolded=[2])
    assert arrows(kept) == {(DAG, 2)}


def test_what_is_cut_off_is_counted_at_its_neighbours() -> None:
    drawn = folding.cut(part((1, 100), (100, 2), (100, 3)), 2)
    assert set(drawn.depths) == {1, 100}
    assert (drawn.left_out, drawn.more_down[100]) == (2, 2)


def test_edges_out_of_the_part_are_counted_and_those_left_out_on_purpose_are_not() -> None:
    hops = {(1, 100, "data"): Hop(1, 1, None), (100, 2, "data"): Hop(1, 1, None)}
    assert folding.part_of({1: 0, 100: 1}, hops, {1: 5}, {}).more_down == {1: 0, 100: 1}
    assert folding.without(part((1, 100), (100, 2)), {2}).more_down == {1: 0, 100: 0, 2: 0}
