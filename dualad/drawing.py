"""Pictures of graphs: text for Graphviz, and a plain SVG with the lines below each other."""

from __future__ import annotations

from html import escape
from typing import Any

from .lines import call_text

STEP, LEFT, GAP = 26, 12, 9
"""Pixels from line to line, to the left of the text, and between neighbouring arcs."""


def dot(graph: Any) -> str:
    """A graph as text for Graphviz."""
    live = graph.live()
    numbers = {line: place for place, line in enumerate(live)}
    text = [f'digraph "{_quoted(graph.name)}" {{', "  node [shape=box, fontname=monospace];"]
    for line in live:
        shape = ", style=rounded" if line.function is None else ""
        label = f"{_quoted(call_text(line, numbers, line in graph.hidden))}\\n{_quoted(line.type)}"
        text.append(f'  n{numbers[line]} [label="{label}"{shape}];')
        text += [f"  n{numbers[each]} -> n{numbers[line]};" for each in dict.fromkeys(line.inputs())]
    for place, leaf in enumerate(graph.outputs):
        if leaf in numbers:
            text += [f'  out{place} [label="return", shape=plaintext];', f"  n{numbers[leaf]} -> out{place};"]
    for place, guard in enumerate(graph.guards):
        text += [f'  guard{place} [label="guard: {_quoted(str(guard.outcome))}", shape=diamond];']
        text += [f"  n{numbers[guard.line]} -> guard{place};"]
    return "\n".join([*text, "}"])


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def svg(graph: Any) -> str:
    """A graph as a picture that needs no other program: its lines as text, and arcs from each value to where it is used."""
    live = graph.live()
    numbers = {line: place for place, line in enumerate(live)}
    rows = [f"%{numbers[line]} = {call_text(line, numbers, line in graph.hidden)}   {line.type}" for line in live]
    arcs = [(numbers[each], numbers[line]) for line in live for each in dict.fromkeys(line.inputs())]
    margin = LEFT + GAP * min(12, max((last - first for first, last in arcs), default=0))
    width = margin + 20 + 8 * max(map(len, rows), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{STEP * (len(rows) + 1)}" '
        'font-family="monospace" font-size="13">'
    ]
    for first, last in arcs:
        reach = GAP * min(12, last - first)
        top, bottom = STEP * (first + 1) - 4, STEP * (last + 1) - 4
        path = f"M {margin} {top} C {margin - reach} {top}, {margin - reach} {bottom}, {margin} {bottom}"
        parts.append(f'<path d="{path}" fill="none" stroke="gray"/>')
    for place, row in enumerate(rows):
        weight = "" if live[place].function is not None else ' font-weight="bold"'
        parts.append(f'<text x="{margin + 6}" y="{STEP * (place + 1)}"{weight}>{escape(row, quote=False)}</text>')
    return "\n".join([*parts, "</svg>"])
