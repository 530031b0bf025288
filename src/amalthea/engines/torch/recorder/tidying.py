"""What makes the graph of a function shorter without changing what it computes.

A trace writes down everything: tensors that are detached where nothing records, axes that are moved to where they were, numbers that are made anew each
time. Each rule here is a function of one node of the graph, which gives what takes its place, or None.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

aten = torch.ops.aten

_SMALL = 1 << 16
"""How many bytes of memory a tensor may take that is kept so that it need not be computed."""

_SHAPES = {aten.view.default, aten._unsafe_view.default, aten.permute.default, aten.expand.default}
"""Operations that may leave a tensor as it is."""

_LIKE = {aten.ones_like.default: 1, aten.zeros_like.default: 0}
"""Operations that read nothing of a tensor but its form."""


def tidy(module: GraphModule) -> None:
    """Apply the rules, from the first node to the last, and drop what nothing reads."""
    touched = set(written(module))
    for node in list(module.graph.nodes):
        left: Node | None = node
        while left is not None and left not in touched:
            left = _replaced(module, left)
    drop_unread(module)


def _replaced(module: GraphModule, node: Node) -> Node | None:
    """What a rule put in the place of `node`, if there is one for it."""
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return None
    for rule in _RULES:
        found = rule(module, node)
        if found is not None:
            node.replace_all_uses_with(found)
            module.graph.erase_node(node)
            return found
    return None


def value_of(node: Node) -> Any:
    """What is known of the result of a node: a tensor without values, or a list of such."""
    return node.meta.get("val")


def is_view(node: Node) -> bool:
    """Whether the result shares memory with the first argument and is not that argument, written into."""
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return node.op == "call_function" and node.target is operator.getitem and is_view(node.args[0])  # type: ignore[arg-type]
    return node.target is aten._unsafe_view.default or any(
        result.alias_info is not None and not result.alias_info.is_write for result in node.target._schema.returns
    )


def writes(node: Node, operation: Any = None) -> list[Node]:
    """What a node writes into; or would, if its operation were another one."""
    operation = operation or node.target
    if not isinstance(operation, torch._ops.OpOverload) or not operation._schema.is_mutable:
        return []
    found: list[Node] = []
    for place, argument in enumerate(operation._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            map_arg(node.args[place] if place < len(node.args) else node.kwargs.get(argument.name), found.append)
    return found


def written(module: GraphModule) -> Iterator[Node]:
    """All nodes whose memory some node writes into."""
    left = [target for node in module.graph.nodes for target in writes(node)]
    found: set[Node] = set()
    while left:
        node = left.pop()
        if node in found:
            continue
        found.add(node)
        yield node
        left += [user for user in node.users if is_view(user) or node in writes(user)]
        if is_view(node) or writes(node) or node.target is operator.getitem:
            map_arg(node.args[0], left.append)


# --- the rules -------------------------------------------------------------------------------------------


def _detached(module: GraphModule, node: Node) -> Node | None:
    """Nothing is recorded when a graph runs."""
    return node.args[0] if node.target in (aten.detach.default, aten.alias.default) else None  # type: ignore[return-value]


def _unchanged(module: GraphModule, node: Node) -> Node | None:
    """The same shape, in the same order, of the same memory."""
    if node.target not in _SHAPES:
        return None
    source = node.args[0]
    assert isinstance(source, Node)
    before, after = value_of(source), value_of(node)
    if node.target is aten.permute.default and list(node.args[1]) != list(range(before.ndim)):  # type: ignore[arg-type]
        return None
    return source if before.shape == after.shape and before.stride() == after.stride() else None


def _view_of_view(module: GraphModule, node: Node) -> Node | None:
    """A view in rows of a view in rows."""
    source = node.args[0] if node.target is aten.view.default else None
    if not isinstance(source, Node) or source.target is not aten.view.default:
        return None
    first = source.args[0]
    assert isinstance(first, Node)
    return _beside(node, aten.view.default, (first, node.args[1])) if value_of(first).is_contiguous() else None


def _divided_by_one(module: GraphModule, node: Node) -> Node | None:
    if node.target not in (aten.div.Scalar, aten.mul.Scalar) or node.args[1] != 1:
        return None
    source = node.args[0]
    assert isinstance(source, Node)
    return source if value_of(source).dtype == value_of(node).dtype else None


def _product_and_sum(module: GraphModule, node: Node) -> Node | None:
    """A product of matrices, to which a row is added: one operation, also where the rows of the product were given more axes in between."""
    if node.target is not aten.add.Tensor or node.kwargs:
        return None
    total, row = node.args
    if not isinstance(total, Node) or not isinstance(row, Node):
        return None
    seen = total if total.target is aten.view.default and len(total.users) == 1 else None
    product = total if seen is None else seen.args[0]
    if not isinstance(product, Node) or product.target is not aten.mm.default or len(product.users) != 1:
        return None
    added, result = value_of(row), value_of(product)
    if added.shape != result.shape[1:] or added.dtype != result.dtype or value_of(node).shape[-1] != result.shape[1]:
        return None
    fused = _beside(node, aten.addmm.default, (row, *product.args), like=product)
    return fused if seen is None else _beside(node, aten.view.default, (fused, seen.args[1]))


def _constant(module: GraphModule, node: Node) -> Node | None:
    """What depends on nothing that is given: computed now."""
    assert isinstance(node.target, torch._ops.OpOverload)
    if node.target._schema.is_mutable or torch.Tag.nondeterministic_seeded in node.target.tags or not isinstance(value_of(node), torch.Tensor):
        return None
    if value_of(node).untyped_storage().nbytes() > _SMALL:
        return None
    if node.target in _LIKE:
        found = value_of(node)
        value = torch.full(found.shape, _LIKE[node.target], dtype=found.dtype, device=node.meta["device"])
    elif all(source.op == "get_attr" for source in node.all_input_nodes):
        args, kwargs = map_arg((node.args, node.kwargs), lambda source: getattr(module, str(source.target)))
        value = node.target(*args, **kwargs)
    else:
        return None
    name = f"_made_{node.name}"
    module.register_buffer(name, value, persistent=False)
    with module.graph.inserting_before(node):
        made = module.graph.get_attr(name)
    made.meta = dict(node.meta)
    return made


_RULES: tuple[Callable[[GraphModule, Node], Node | None], ...] = (
    _detached,
    _unchanged,
    _view_of_view,
    _divided_by_one,
    _product_and_sum,
    _constant,
)


def _beside(node: Node, target: Any, args: Sequence[Any], like: Node | None = None) -> Node:
    """A new node before `node`, with a result like that of `like`."""
    with node.graph.inserting_before(node):
        made = node.graph.call_function(target, tuple(args))
    made.meta = dict((like or node).meta)
    return made


def drop_unread(module: GraphModule) -> None:
    """Drop what nothing reads and nothing is written by."""
    for node in reversed(list(module.graph.nodes)):
        if node.users or node.op in ("placeholder", "output") or writes(node):
            continue
        module.graph.erase_node(node)
