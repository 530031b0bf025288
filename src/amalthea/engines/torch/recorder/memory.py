"""Operations that write over what nobody reads any more: variables that they are to change, and results in between."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

from amalthea.engines.torch.recorder.tidying import drop_unread, is_view, value_of, writes


def reuse(module: GraphModule, replaced: Sequence[int | None]) -> None:
    """Let operations write over what they replace, where nothing reads the old values afterwards.

    An operation that gives a variable its new value is changed for the one of the same name with "_" behind it, if there is one.

    Args:
        module: a graph whose outputs begin with new values of variables.
        replaced: for each of these outputs the number of the input that has the old value, None where there is none.
    """
    graph = module.graph
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    outputs: list[Any] = next(iter(reversed(graph.nodes))).args[0]
    counts = Counter(node for node in outputs if isinstance(node, Node))
    place = {node: number for number, node in enumerate(graph.nodes)}
    pairs = {
        output: number
        for number, output in zip(replaced, outputs, strict=False)
        if number is not None and isinstance(output, Node) and counts[output] == 1 and not any(view in counts for view in _views(output))
    }
    for maker, targets in _by_maker(pairs).items():
        twin = _twin(maker)
        old = [inputs[pairs[node]] for node in targets]
        if twin is None or writes(maker, twin) != old:
            continue
        if all(_is_free(before, node, maker, place) for before, node in zip(old, targets, strict=True)):
            with graph.inserting_before(maker):
                place[graph.call_function(twin, maker.args, maker.kwargs)] = place[maker]
            for before, node in zip(old, targets, strict=True):
                node.replace_all_uses_with(before)
    drop_unread(module)


def overwrite(module: GraphModule) -> None:
    """Let operations write their results over arguments that nothing reads afterwards: fresh memory costs more than many an operation."""
    graph = module.graph
    place = {node: number for number, node in enumerate(graph.nodes)}
    for node in list(graph.nodes):
        before = node.args[0] if node.op == "call_function" and node.args else None
        if not isinstance(before, Node) or not isinstance(value_of(node), torch.Tensor):
            continue
        twin, into = _IN_PLACE.get(node.target) or (_twin(node), None)
        if twin is None or (into is None and writes(node, twin) != [before]):
            continue
        owner = _owner(before)
        if owner is None or _overlaps(value_of(before)) or not _is_free(before, node, node, place, owner):
            continue
        with graph.inserting_before(node):
            made = graph.call_function(twin, node.args, {**node.kwargs, into: before} if into else node.kwargs)
        made.meta, place[made] = node.meta, place[node]
        node.replace_all_uses_with(made)
        graph.erase_node(node)


_IN_PLACE: dict[Any, tuple[Any, str]] = {
    getattr(torch.ops.aten, f"{name}_backward").default: (getattr(torch.ops.aten, f"{name}_backward").grad_input, "grad_input")
    for name in ("threshold", "sigmoid", "tanh")
}
"""Operations without a twin, which may be told to put their result where their first argument is."""


def _owner(node: Node) -> Node | None:
    """The operation whose result the memory of `node` was made for; None if it is given, or a constant."""
    while node.op == "call_function":
        if not is_view(node) and not writes(node):
            return node
        node = writes(node)[0] if writes(node) else node.args[0]  # type: ignore[assignment]
    return None


def _overlaps(value: Any) -> bool:
    """Whether elements of a tensor may share memory, as those of an expanded one do."""
    reach = 1
    for stride, size in sorted((stride, size) for stride, size in zip(value.stride(), value.shape, strict=True) if size != 1):
        if stride < reach:
            return True
        reach = stride * size
    return False


def _by_maker(pairs: dict[Node, int]) -> dict[Node, list[Node]]:
    """The operations that give variables their values, each with its results, which are all to be such values."""
    makers: dict[Node, list[Node]] = {}
    for node in pairs:
        maker = node
        while maker.target is operator.getitem:
            maker = maker.args[0]  # type: ignore[assignment]
        makers.setdefault(maker, [])
    for maker, results in makers.items():
        results += _results(maker)
    return {maker: results for maker, results in makers.items() if all(result in pairs for result in results)}


def _results(node: Node) -> Iterator[Node]:
    """The tensors that a node gives, in their order."""
    if isinstance(value_of(node), torch.Tensor):
        yield node
        return
    for part in sorted((user for user in node.users if user.target is operator.getitem), key=lambda user: int(user.args[1])):  # type: ignore[arg-type]
        yield from _results(part)


def _twin(node: Node) -> Any:
    """The operation that does as that of `node`, but in place."""
    if not isinstance(node.target, torch._ops.OpOverload) or node.target._schema.is_mutable or is_view(node):
        return None
    namespace, _, name = node.target._schema.name.partition("::")
    packet = getattr(getattr(torch.ops, namespace), f"{name}_", None)
    return getattr(packet, node.target._overloadname, None)


def _is_free(before: Node, after: Node, maker: Node, place: dict[Node, int], owner: Node | None = None) -> bool:
    """Whether the memory of `before`, made for `owner`, may become that of `after`: they are of one form, and nothing reads the old values from
    `maker` on."""
    one, other = value_of(before), value_of(after)
    if one.shape != other.shape or one.dtype != other.dtype or one.stride() != other.stride():
        return False
    owner = owner or before
    sharing = {owner, *_views(owner)}
    mentioned: list[Node] = []
    map_arg((maker.args, maker.kwargs), mentioned.append)
    once = sum(node in sharing for node in mentioned) == 1
    return once and all(place[user] < place[maker] for node in sharing for user in node.users if user is not maker)


def _views(node: Node) -> Iterator[Node]:
    """All that shares the memory of `node`."""
    for user in node.users:
        if is_view(user) or node in writes(user):
            yield user
            yield from _views(user)
