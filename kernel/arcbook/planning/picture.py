"""A picture of plans as SVG: sources, stages with their views, targets, and how they hang together."""

import hashlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from xml.etree import ElementTree

from arcbook.planning.arrange import LAYER_GAP, Arranged, Point, Size, arrange
from arcbook.planning.graph import Graph, Node, graph_of
from arcbook.planning.values import Plan

SizeOf = Callable[[str], Size]

_WIDTH, _HEIGHT, _ROW = 190.0, 46.0, 15.0
#: Characters that fit into a box; the whole text is in its title.
_FITS = 27
#: Columns that a box lists at most.
_MOST_COLUMNS = 40
#: Dark text on light boxes, whatever stands behind; lines in a grey that shows on light and on dark.
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #111827 }
.job { font-size: 10px; fill: #6b7280 }
.view, .column { font-size: 11px; fill: #374151 }
.box { stroke: #4b5563 }
.source .box { fill: #dbeafe } .stage .box { fill: #f9fafb } .target .box { fill: #fef3c7 }
.unknown .box { stroke-dasharray: 4 3 }
.link { fill: none; stroke: #6b7280; stroke-width: 1.5 }
.direct { fill: none; stroke: #2563eb } .indirect { fill: none; stroke: #9ca3af; stroke-dasharray: 3 3 }
"""


def draw(plans: Sequence[Plan], *, columns: bool = False) -> str:
    """The picture as the text of an SVG document that needs nothing else; `columns` adds those of each view."""
    graph = graph_of(plans)
    nodes = {node.key: node for node in graph.nodes}

    def size_of(key: str) -> Size:
        return _WIDTH, _HEIGHT + (_ROW * len(_rows(nodes[key])) + 4 if columns and nodes[key].columns else 0)

    arranged = arrange(graph, size_of, only_across=columns)
    # Several pictures stand in one notebook: each has names of its own.
    mark = hashlib.sha256(repr((graph, columns)).encode()).hexdigest()[:8]
    svg = _frame(graph, plans, arranged, mark)
    links = ElementTree.SubElement(svg, "g")
    for link in graph.links:
        way = arranged.ways.get((link.writer, link.reader), ())
        start, end = arranged.centres[link.writer], arranged.centres[link.reader]
        path = _path(start, end, way, size_of(link.writer), size_of(link.reader), arranged)
        ElementTree.SubElement(links, "path", {"class": "link", "d": path, "marker-end": f"url(#arrow-{mark})"})
    for node in graph.nodes:
        _box(svg, node, arranged.centres[node.key], size_of(node.key), columns=columns)
    if columns:
        _column_links(svg, graph, nodes, arranged, size_of)
    return ElementTree.tostring(svg, encoding="unicode")


def describe(graph: Graph) -> str:
    """The picture in words."""
    titles = {node.key: node.title for node in graph.nodes}
    lines = []
    for node in graph.nodes:
        into = [titles[link.reader] for link in graph.links if link.writer == node.key]
        lines.append(f"{node.kind} {node.title}" + (f" leads to {', '.join(into)}" if into else ""))
    return "; ".join(lines) or "There are no stages."


def _frame(graph: Graph, plans: Sequence[Plan], arranged: Arranged, mark: str) -> ElementTree.Element:
    width, height = (f"{each:.0f}" for each in arranged.size)
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height, "viewBox": f"0 0 {width} {height}",
            "role": "img", "aria-labelledby": f"title-{mark} description-{mark}", "class": f"lineage-{mark}",
        },
    )  # fmt: skip
    title = f"What {', '.join(plan.origin or 'the notebook' for plan in plans)} reads, makes and writes"
    ElementTree.SubElement(svg, "title", {"id": f"title-{mark}"}).text = _clean(title)
    ElementTree.SubElement(svg, "desc", {"id": f"description-{mark}"}).text = _clean(describe(graph))
    # Within this picture alone: a notebook is one document.
    rules = [rule.strip() for rule in _STYLE.replace("\n", " ").split("}") if rule.strip()]
    style = "".join(
        ", ".join(f".lineage-{mark} {each.strip()}" for each in selector.split(",")) + f" {{{body}}} "
        for selector, _, body in (rule.partition("{") for rule in rules)
    )
    ElementTree.SubElement(svg, "style").text = style
    marker = ElementTree.SubElement(
        ElementTree.SubElement(svg, "defs"),
        "marker",
        {
            "id": f"arrow-{mark}", "viewBox": "0 0 8 8", "refX": "8", "refY": "4", "markerWidth": "7",
            "markerHeight": "7", "orient": "auto",
        },
    )  # fmt: skip
    ElementTree.SubElement(marker, "path", {"d": "M0 0L8 4L0 8z", "fill": "#6b7280"})
    return svg


def _box(svg: ElementTree.Element, node: Node, centre: Point, size: Size, *, columns: bool) -> None:
    left, top = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    unknown = " unknown" if any(fact.startswith("columns not known") for fact in node.facts) else ""
    group = ElementTree.SubElement(svg, "g", {"class": f"{node.kind}{unknown}"})
    listed = [f"{name} {kind}" for name, kind in node.columns.items()]
    said = [node.title, node.subtitle, node.group, *node.facts, *listed]
    ElementTree.SubElement(group, "title").text = _clean("\n".join(filter(None, said)))
    corner = "4" if node.kind == "stage" else "16"
    ElementTree.SubElement(
        group, "rect",
        {"class": "box", "x": _number(left), "y": _number(top), "width": _number(size[0]), "height": _number(size[1]),
         "rx": corner},
    )  # fmt: skip
    _text(group, "", centre[0], top + (19 if node.subtitle or node.group else 27), node.title)
    if node.subtitle:
        _text(group, "view", centre[0], top + 34, node.subtitle)
    if node.group:
        _text(group, "job", centre[0], top - 4, node.group)
    for number, row in enumerate(_rows(node)) if columns else ():
        _text(group, "column", centre[0], top + _HEIGHT + _ROW * (number + 0.6), row)


def _rows(node: Node) -> list[str]:
    rows = [f"{name} {kind}" for name, kind in node.columns.items()]
    if len(rows) > _MOST_COLUMNS:
        rows = [*rows[: _MOST_COLUMNS - 1], f"… and {len(rows) - _MOST_COLUMNS + 1} more"]
    return rows


def _text(parent: ElementTree.Element, kind: str, x: float, y: float, text: str) -> None:
    place = {"x": _number(x), "y": _number(y), "text-anchor": "middle"}
    shown = text if len(text) <= _FITS else f"{text[: _FITS - 1]}…"
    ElementTree.SubElement(parent, "text", {"class": kind, **place} if kind else place).text = _clean(shown)


def _path(start: Point, end: Point, way: Sequence[Point], from_size: Size, to_size: Size, arranged: Arranged) -> str:
    """A line from the edge of one box to that of another, which turns between layers and goes straight through them."""
    across, half = arranged.across, arranged.thickness / 2
    if across:
        through = [point for x, y in way for point in ((x - half, y), (x + half, y))]
        points = [(start[0] + from_size[0] / 2, start[1]), *through, (end[0] - to_size[0] / 2, end[1])]
    else:
        through = [point for x, y in way for point in ((x, y - half), (x, y + half))]
        points = [(start[0], start[1] + from_size[1] / 2), *through, (end[0], end[1] - to_size[1] / 2)]
    text = f"M{_number(points[0][0])} {_number(points[0][1])}"
    for (x, y), (to_x, to_y) in pairwise(points):
        if across:
            bend = min((to_x - x) / 2, LAYER_GAP)
            handles = (x + bend, y), (to_x - bend, to_y)
        else:
            bend = min((to_y - y) / 2, LAYER_GAP)
            handles = (x, y + bend), (to_x, to_y - bend)
        text += "C" + ",".join(f"{_number(a)} {_number(b)}" for a, b in (*handles, (to_x, to_y)))
    return text


def _column_links(
    svg: ElementTree.Element, graph: Graph, nodes: dict[str, Node], arranged: Arranged, size_of: SizeOf
) -> None:
    """Lines between the rows of columns."""
    lines = ElementTree.SubElement(svg, "g")
    for link in graph.column_links:
        ends = [
            _row_of(nodes[key], column, arranged.centres[key], size_of(key))
            for key, column in ((link.writer, link.column), (link.reader, link.into))
        ]
        if ends[0] is None or ends[1] is None:
            continue
        (x, y), (to_x, to_y) = ends[0], ends[1]
        x, to_x = (x + _WIDTH / 2, to_x - _WIDTH / 2) if x < to_x else (x - _WIDTH / 2, to_x - _WIDTH / 2)
        bend = max(abs(to_x - x) / 2, 30.0)
        path = f"M{_number(x)} {_number(y)}C{_number(x + bend)} {_number(y)},"
        path += f"{_number(to_x - bend)} {_number(to_y)},{_number(to_x)} {_number(to_y)}"
        ElementTree.SubElement(lines, "path", {"class": "direct" if link.direct else "indirect", "d": path})


def _row_of(node: Node, column: str, centre: Point, size: Size) -> Point | None:
    names = [name.lower() for name in node.columns][: _MOST_COLUMNS - 1 if len(node.columns) > _MOST_COLUMNS else None]
    wanted = column.lower() if column.lower() in names else column.lower().partition(".")[0]
    if wanted not in names:
        return None
    return centre[0], centre[1] - size[1] / 2 + _HEIGHT + _ROW * (names.index(wanted) + 0.35)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(each if each >= " " or each in "\n\t" else "�" for each in text if not "\ud800" <= each <= "\udfff")
