"""Pictures of graphs: text for Graphviz, and a plain SVG with the lines below each other; what runs together is in a box."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .lines import call_text

STEP, LEFT, GAP = 26, 12, 9
"""Pixels from line to line, to the left of the text, and between neighbouring arcs."""


def dot(graph: Any) -> str:
    """A graph as text for Graphviz."""
    live = graph.live()
    numbers = {line: place for place, line in enumerate(live)}
    names = {line: f"%{place}" for line, place in numbers.items()}
    text = [f'digraph "{_quoted(graph.name)}" {{', "  node [shape=box, fontname=monospace];"]
    for stage, kernel in _kernels(graph):
        text += [f"  subgraph cluster_{stage} {{", f'    label="kernel {stage}"; style=rounded;']
        for place, (space, lines, block) in enumerate(kernel):
            inside = " ".join(f"n{numbers[line]};" for line in lines)
            style = f'label="{_loop(space, block)}"; style=filled; fillcolor=gray95;'
            text.append(f"    subgraph cluster_{stage}_{place} {{ {style} {inside} }}" if space else f"    {inside}")
        text.append("  }")
    for line in live:
        shape = ", style=rounded" if line.function is None else ""
        label = f"{_quoted(call_text(line, names, line in graph.hidden))}\\n{_quoted(line.type)}"
        text.append(f'  n{numbers[line]} [label="{label}"{shape}];')
        text += [f"  n{numbers[each]} -> n{numbers[line]};" for each in dict.fromkeys(line.inputs())]
    for place, leaf in enumerate(graph.outputs):
        if leaf in numbers:
            text += [f'  out{place} [label="return", shape=plaintext];', f"  n{numbers[leaf]} -> out{place};"]
    for place, guard in enumerate(graph.guards):
        text += [f'  guard{place} [label="guard: {_quoted(str(guard.outcome))}", shape=diamond];']
        text += [f"  n{numbers[guard.line]} -> guard{place};"]
    return "\n".join([*text, "}"])


def _kernels(graph: Any) -> list[tuple[int, Any]]:
    """The kernels that compute something, each with its number in a program."""
    return [(stage, kernel) for stage, kernel in enumerate(graph.fused(graph)) if kernel]


def _loop(space: tuple[int, ...], block: int) -> str:
    if not space:
        return "single values"
    return f"loop over {' x '.join(map(str, space))}" + (f", {block} at a time" if block < space[-1] else "")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def svg(graph: Any) -> str:
    """A graph as a picture that needs no other program: its lines as text, and arcs from each value to where it is used."""
    from html import escape  # noqa: PLC0415 - its list of entities is large, and pictures are rare

    live = graph.live()
    numbers = {line: place for place, line in enumerate(live)}
    names = {line: f"%{place}" for line, place in numbers.items()}
    rows = [f"{names[line]} = {call_text(line, names, line in graph.hidden)}   {line.type}" for line in live]
    arcs = [(numbers[each], numbers[line]) for line in live for each in dict.fromkeys(line.inputs())]
    margin = LEFT + GAP * min(12, max((last - first for first, last in arcs), default=0))
    width = margin + 20 + 8 * max(map(len, rows), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{STEP * (len(rows) + 1)}" '
        'font-family="monospace" font-size="13">'
    ]
    for stage, kernel in _kernels(graph):
        for space, lines, block in kernel:
            title = f"<title>kernel {stage}, {_loop(space, block)}</title>"
            parts += [_box(first, last, margin, width, title) for first, last in _runs([numbers[line] for line in lines])]
    for first, last in arcs:
        reach = GAP * min(12, last - first)
        top, bottom = STEP * (first + 1) - 4, STEP * (last + 1) - 4
        path = f"M {margin} {top} C {margin - reach} {top}, {margin - reach} {bottom}, {margin} {bottom}"
        parts.append(f'<path d="{path}" fill="none" stroke="gray"/>')
    for place, row in enumerate(rows):
        weight = "" if live[place].function is not None else ' font-weight="bold"'
        parts.append(f'<text x="{margin + 6}" y="{STEP * (place + 1)}"{weight}>{escape(row, quote=False)}</text>')
    return "\n".join([*parts, "</svg>"])


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Rows that follow each other, as the first and the last of them."""
    edges = [0, *[at for at in range(1, len(places)) if places[at] != places[at - 1] + 1], len(places)]
    return [(places[start], places[end - 1]) for start, end in pairwise(edges)]


def _box(first: int, last: int, left: int, width: int, title: str) -> str:
    """A box behind some rows."""
    place = f'x="{left + 2}" y="{STEP * (first + 1) - 17}" width="{width - left - 4}" height="{STEP * (last - first) + 23}"'
    return f'<rect {place} rx="4" fill="whitesmoke" stroke="silver">{title}</rect>'
