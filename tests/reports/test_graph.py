"""The graph of relations: a column a type, few crossings, and a picture for every input."""

from picojoule.reports.graph import Edge, Node, _places, graph

NODES = [Node(f"P{i}", "Peop") for i in range(4)] + [Node(f"O{i}", "Org") for i in range(4)]
CROSSED = [Edge(i, 7 - i, "Work_For") for i in range(4)]


def crossings(places, edges):
    rows = [(places[each.subject][1], places[each.object][1]) for each in edges]
    return sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(rows) for c, d in rows[:k])


def test_a_column_a_type_and_no_two_in_one_place():
    places = _places(NODES, CROSSED)
    assert [column for column, _ in places] == [0.0] * 4 + [1.0] * 4
    assert len({*places}) == len(NODES)


def test_rows_are_ordered_so_that_arrows_cross_less():
    plain = [(0.0, float(i)) for i in range(4)] + [(1.0, float(i)) for i in range(4)]
    assert crossings(plain, CROSSED) == 6 and crossings(_places(NODES, CROSSED), CROSSED) == 0


def test_every_graph_is_drawn():
    for nodes, edges in (
        (NODES[:1], []),
        (NODES, [*CROSSED, Edge(0, 7, "Founded"), Edge(0, 1, "Kill"), Edge(2, 2, "odd")]),
        ([Node("a" * 200, ""), Node("$x^2$ \u0000 é", "")], [Edge(0, 1, "$\\bad{")]),
    ):
        assert graph(nodes, edges).startswith(b"\x89PNG")
