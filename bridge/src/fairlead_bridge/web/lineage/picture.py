"""A drawn lineage graph as an SVG picture: for downloads, and for messages that show a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from fairlead_bridge.web.lineage import answers as a
from fairlead_bridge.web.lineage.layout import NAME_CHARACTER, short_name

MARGIN = 24.0
LABEL = 22  # characters on an edge
SMALL_CHARACTER = 6.6  # width of a character of the lines below a name

#: What a state is coloured by; states of one colour mean the same to the reader.
_TONES = {
    "success": "ok",
    "queued": "run",
    "running": "run",
    "deferred": "run",
    "up_for_retry": "warn",
    "lost": "warn",
    "failed": "bad",
    "aborted": "bad",
    "upstream_failed": "blocked",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture, as CSS colours; `tones` are those of states."""

    paper: str
    card: str
    line: str
    text: str
    muted: str
    edge: str
    tones: dict[str, str]


LIGHT = Theme(
    "#fafbfc", "#ffffff", "#d0d5dd", "#12151c", "#525a6a", "#b9c0cc",
    {"ok": "#0f9d6b", "run": "#2b74f0", "bad": "#dc3545", "warn": "#c77700", "blocked": "#8a5cd6", "none": "#9aa2b1"},
)  # fmt: skip
DARK = Theme(
    "#0e1117", "#171c26", "#343e4f", "#e8ebf2", "#a3acbd", "#3f4a5c",
    {"ok": "#3ecf97", "run": "#6aa2ff", "bad": "#ff6b78", "warn": "#f2ae47", "blocked": "#b794f6", "none": "#667085"},
)  # fmt: skip


def svg(graph: a.Graph, theme: Theme = LIGHT) -> str:
    """The graph as one SVG document with every card, every box and every edge in it."""
    width, height = graph.width + 2 * MARGIN, graph.height + 2 * MARGIN
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
                f'viewBox="{_n(-MARGIN)} {_n(-MARGIN)} {_n(width)} {_n(height)}" '
                'font-family="Inter, system-ui, sans-serif">'
            ),
            f"<title>{_text(f'Lineage of {graph.focus}')}</title>",
            (
                '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
                f'markerHeight="7" orient="auto"><path d="M1 1 7 4 1 7z" fill="{theme.edge}"/>'
                "</marker></defs>"
            ),
            (
                f'<rect x="{_n(-MARGIN)}" y="{_n(-MARGIN)}" width="{_n(width)}" '
                f'height="{_n(height)}" fill="{theme.paper}"/>'
            ),
            *(_group(group, theme) for group in graph.groups),
            *(_edge(edge, theme) for edge in graph.edges if len(edge.points) > 1),
            *(_card(card, graph.focus, theme) for card in graph.cards),
            "</svg>",
        ]
    )


def line(points: Sequence[tuple[float, float]]) -> str:
    """
    The path of an edge, from points in pixels: straight where its points are level, an S where they are not.

    >>> line([(0, 0), (10, 0), (30, 20)])
    'M0 0L10 0C20 0 20 20 30 20'
    """
    x, y = points[0]
    parts = [f"M{_n(x)} {_n(y)}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (x0 + x1) / 2
        bend = f"C{_n(half)} {_n(y0)} {_n(half)} {_n(y1)} " if abs(y0 - y1) >= 0.5 else "L"
        parts.append(f"{bend}{_n(x1)} {_n(y1)}")
    return "".join(parts)


def _edge(edge: a.Route, theme: Theme) -> str:
    dashes = ' stroke-dasharray="2 4"' if edge.kind == "control" else ""
    return (
        f'<path class="edge" d="{line(edge.points)}" fill="none" stroke="{theme.edge}" '
        f'stroke-width="1.5"{dashes} marker-end="url(#arrow)">'
        f"<title>{_text(f'{edge.source} to {edge.target}')}</title></path>"
        f"{_jobs(edge, theme)}"
    )


def _jobs(edge: a.Route, theme: Theme) -> str:
    """On an edge between datasets: the job that it stands for, or how many, in its middle."""
    if not edge.jobs:
        return ""
    label = edge.jobs[0].label if len(edge.jobs) == 1 else f"{len(edge.jobs)} jobs"
    (x0, y0), (x1, y1) = max(pairwise(edge.points), key=lambda ends: abs(ends[1][0] - ends[0][0]))
    failed = any(_TONES.get(job.state or "") == "bad" for job in edge.jobs)
    return (
        f'<text x="{_n((x0 + x1) / 2)}" y="{_n((y0 + y1) / 2 - 5)}" text-anchor="middle" '
        f'font-size="10" fill="{theme.tones["bad"] if failed else theme.muted}">'
        f"{_text(label if len(label) <= LABEL else label[: LABEL - 1] + '…')}</text>"
    )


def _group(group: a.Group, theme: Theme) -> str:
    color = _color(group.state, theme) if group.state != "success" else theme.line
    about = [group.schedule or "no schedule", f"{group.hidden} more" if group.hidden else ""]
    return (
        f'<g class="group">{_box(group, 14, "none", color)}'
        f"{_label(group.label, group.x + 13, group.y + 22, group.w - 26, theme.text, bold=True)}"
        f"{_words(about, group.x + 13, group.y + 40, group.w - 26, theme)}</g>"
    )


def _card(card: a.Card, focus: str, theme: Theme) -> str:
    if card.kind == "restricted":
        return _restricted(card, theme)
    tone = _color(card.state, theme)
    name = short_name(card.name) if card.kind == "dataset" else card.label or card.name
    if card.kind == "dataset":
        written = f"{card.written_at:%Y-%m-%d %H:%M} UTC" if card.written_at else ""
        reached = f" + {len(card.personal_reached)} reached" if card.personal_reached else ""
        about = [
            card.platform or "",
            f"{len(card.personal)} personal{reached}" if card.personal or reached else "",
            f"{card.columns} columns" if card.columns else "",
        ]
        stripe = (
            f'<rect x="{_n(card.x + 10)}" y="{_n(card.y + card.h - 3)}" '
            f'width="{_n(card.w - 20)}" height="3" fill="{tone}"/>'
        )
    else:
        took = card.last_run.duration if card.last_run else None
        written = f"{took:.1f} s" if took is not None else ""
        tasks = f"{card.tasks} task{'s'[: card.tasks != 1]}" if card.tasks is not None else ""
        about = [(card.state or "no run").replace("_", " "), _operator(card.operator) or tasks]
        stripe = (
            f'<rect x="{_n(card.x)}" y="{_n(card.y + 8)}" width="4" '
            f'height="{_n(card.h - 16)}" fill="{tone}"/>'
        )
    border = theme.tones["run"] if card.node == focus else theme.line
    return (
        f'<g class="card">{_box(card, 10, theme.card, border)}{stripe}'
        f"{_label(name, card.x + 14, card.y + 24, card.w - 28, theme.text, bold=True)}"
        f"{_words(about, card.x + 14, card.y + 43, card.w - 28, theme)}"
        f"{_words([written], card.x + 14, card.y + card.h - 14, card.w - 28, theme)}"
        f"<title>{_text(card.node)}</title></g>"
    )


def _restricted(card: a.Card, theme: Theme) -> str:
    """What the reader may not see: where it is, and nothing else."""
    return (
        f'<g class="card restricted">{_box(card, 10, theme.paper, theme.line, dashed=True)}'
        f"{_label(card.label or '', card.x + 14, card.y + 24, card.w - 28, theme.muted, bold=True)}"
        f"{_words(['in namespaces of others'], card.x + 14, card.y + 43, card.w - 28, theme)}</g>"
    )


def _operator(operator: str | None) -> str:
    return operator.rpartition(".")[2] if operator else ""


def _box(
    place: a.Card | a.Group, radius: int, fill: str, stroke: str, *, dashed: bool = False
) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<rect x="{_n(place.x)}" y="{_n(place.y)}" width="{_n(place.w)}" height="{_n(place.h)}" '
        f'rx="{radius}" fill="{fill}" stroke="{stroke}"{dashes}/>'
    )


def _label(name: str, x: float, y: float, width: float, color: str, *, bold: bool) -> str:
    most = max(4, int(width / NAME_CHARACTER))
    if len(name) > most:
        head = most // 2
        name = f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="12.5" fill="{color}"{weight} '
        f'font-family="JetBrains Mono, ui-monospace, monospace">{_text(name)}</text>'
    )


def _words(words: Iterable[str], x: float, y: float, width: float, theme: Theme) -> str:
    line = " · ".join(word for word in words if word)[: int(width / SMALL_CHARACTER)]
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="11" fill="{theme.muted}">{_text(line)}</text>'


def _color(state: str | None, theme: Theme) -> str:
    return theme.tones[_TONES.get(state or "", "none")]


def _text(value: str) -> str:
    """Text as XML takes it: escaped, and without the characters that XML does not have."""
    allowed = (
        c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else " "
        for c in value
    )
    return escape("".join(allowed))


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
