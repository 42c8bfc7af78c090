"""Cycles, and where they are cut."""

from __future__ import annotations


def closing(size: int, pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs that close a cycle, found depth first from the sources, then from the lowest."""
    after: list[list[int]] = [[] for _ in range(size)]
    entered = [0] * size
    for a, b in pairs:
        after[a].append(b)
        entered[b] += 1
    closing: set[tuple[int, int]] = set()
    state = bytearray(size)  # 1: on the way down to the present node, 2: done
    for start in [*(n for n in range(size) if not entered[n]), *range(size)]:
        if state[start]:
            continue
        state[start] = 1
        path = [(start, iter(after[start]))]
        while path:
            node, rest = path[-1]
            for follower in rest:
                if state[follower] == 1:
                    closing.add((node, follower))
                elif not state[follower]:
                    state[follower] = 1
                    path.append((follower, iter(after[follower])))
                    break
            else:
                state[node] = 2
                path.pop()
    return closing
