"""Reads the expressions of a template: which fields it names, and where."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from jinja2 import nodes

# By the last field of a chain: each line and the whole chain, as in `cart.products[0].title`.
Paths = Mapping[str, list[tuple[int, str]]]


def dotted(node: nodes.Node) -> str | None:
    """Write a chain of fields as `cart.products[0].title`, or None if it is something else."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            owner = dotted(node.node)
            return None if owner is None else f"{owner}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str() | int() as key)):
            owner = dotted(node.node)
            part = f"[{key}]" if isinstance(key, int) else f".{key}"
            return None if owner is None else owner + part
        case _:
            return None


def paths_by_last_field(tree: nodes.Template) -> Paths:
    """List the chains of fields of a template by their last field, each with its line."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = dotted(node)
        if path is not None:
            found[_last_field(node)].append((node.lineno, path))
    return found


def _last_field(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value)  # type: ignore[attr-defined]  # `dotted` has seen a constant


def outermost_paths(tree: nodes.Node) -> Iterator[tuple[nodes.Name, str, int]]:
    """List each use of a name with the longest chain of fields behind it, and the line."""
    path = dotted(tree) if isinstance(tree, nodes.Expr) else None
    if path is not None:
        yield _root(tree), path, tree.lineno
        return
    for child in tree.iter_child_nodes():
        yield from outermost_paths(child)


def _root(node: nodes.Node) -> nodes.Name:
    while not isinstance(node, nodes.Name):
        node = node.node  # type: ignore[attr-defined]  # a chain ends in a name
    return node
