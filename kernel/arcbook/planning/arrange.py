"""Where the boxes of a graph go: layers by fast-sugiyama, a column of boxes for each layer or a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arcbook.planning.graph import Graph

Point = tuple[float, float]
Size = tuple[float, float]

GAP = 26.0
LAYER_GAP = 70.0
#: A picture that would be wider than this goes from top to bottom, if it is narrower then.
_WIDE = 1800.0


@dataclass(frozen=True, slots=True)
class Arranged:
    """The centre of each node, the points that each edge passes on its way, and the whole size.

    `across` says that layers follow each other from left to right, otherwise from top to bottom; a layer is as thick as
    its thickest box.
    """

    centres: dict[str, Point]
    ways: dict[tuple[str, str], tuple[Point, ...]]
    size: Size
    across: bool
    thickness: float


def arrange(graph: Graph, size_of: Callable[[str], Size], *, only_across: bool = False) -> Arranged:
    """Arrange the nodes by their edges; `size_of` gives the size of a node's box."""
    across = _arranged(graph, size_of, across=True)
    if only_across or across.size[0] <= _WIDE:
        return across
    down = _arranged(graph, size_of, across=False)
    return down if down.size[0] < across.size[0] else across


def _arranged(graph: Graph, size_of: Callable[[str], Size], *, across: bool) -> Arranged:
    sizes = {node.key: size_of(node.key) for node in graph.nodes}
    # Along the layers and beside each other: (width, height) or, from top to bottom, (height, width).
    along = {key: size[0] if across else size[1] for key, size in sizes.items()}
    beside = {key: size[1] if across else size[0] for key, size in sizes.items()}
    step = max(beside.values(), default=0.0) + GAP
    thickness = max(along.values(), default=0.0)
    layer = thickness + LAYER_GAP
    centres: dict[str, Point] = {}
    ways: dict[tuple[str, str], tuple[Point, ...]] = {}
    offset = GAP
    for positions, chains in _components(graph):
        least = min(position for _, position in positions.values())
        most = max(position for _, position in positions.values())
        placed = {
            node: (GAP + layer * (depth + 0.5) - LAYER_GAP / 2, offset + (position - least + 0.5) * step)
            for node, (depth, position) in positions.items()
        }
        centres |= {node: placed[node] for node in placed if isinstance(node, str)}
        for (writer, reader), between in chains.items():
            ways[writer, reader] = tuple(placed[node] for node in between)
        offset += (most - least + 1) * step
    width = max((point[0] + along[key] / 2 for key, point in centres.items()), default=0.0) + GAP
    size = (width, offset + GAP)
    if across:
        return Arranged(centres, ways, size, across, thickness)

    def turned(point: Point) -> Point:
        return point[1], point[0]

    return Arranged(
        {key: turned(point) for key, point in centres.items()},
        {edge: tuple(map(turned, way)) for edge, way in ways.items()},
        turned(size),
        across,
        thickness,
    )


#: Depth and position of each node, bends of edges among them; and for each edge the bends on its way.
_Component = tuple[dict["str | int", Point], dict[tuple[str, str], tuple[int, ...]]]


def _components(graph: Graph) -> list[_Component]:
    """The parts of a graph that hang together, the largest first, then the nodes without edges in one."""
    from fast_sugiyama import from_edges

    # By numbers: the library would keep other keys in a set, and no two pictures would be alike.
    edges = [(link.writer, link.reader) for link in graph.links]
    keys = list(dict.fromkeys(key for edge in edges for key in edge))
    numbers = {key: number for number, key in enumerate(keys)}
    numbered = [(numbers[writer], numbers[reader]) for writer, reader in edges]
    layouts = from_edges(numbered, vertex_spacing=1.0, dummy_vertices=True, dummy_size=0.5) if edges else []

    def key_of(number: int) -> str | int:
        return keys[number] if number < len(keys) else number

    found: list[_Component] = []
    for positions, _, _, segments in layouts:
        rows = sorted({y for _, (_, y) in positions}, reverse=True)
        depths = {y: float(depth) for depth, y in enumerate(rows)}
        places = {key_of(int(node)): (depths[y], x) for node, (x, y) in positions}
        parts = [(key_of(int(writer)), key_of(int(reader))) for writer, reader in segments or ()]
        found.append((places, _chains(parts, [edge for edge in edges if edge[0] in places])))
    found.sort(key=lambda part: -len(part[0]))
    alone = [node.key for node in graph.nodes if node.key not in numbers]
    if alone:
        found.append(({key: (0.0, float(number)) for number, key in enumerate(alone)}, {}))
    return found


def _chains(
    segments: Sequence[tuple["str | int", "str | int"]], edges: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, ...]]:
    """The bends on each edge's way: an edge over several layers is cut into segments with numbers between."""
    following: dict[int, str | int] = {writer: reader for writer, reader in segments if isinstance(writer, int)}
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for writer, reader in segments:
        if not isinstance(writer, str):
            continue
        bends: list[int] = []
        while isinstance(reader, int):
            bends.append(reader)
            reader = following[reader]
        found[writer, reader] = tuple(bends)
    return {edge: found.get(edge, ()) for edge in edges}
