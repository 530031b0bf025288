"""`verify`: one model on several engines, compared layer by layer, outputs and gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from amalthea import ops, tree
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.errors import ArgumentError, NotBuiltError
from amalthea.graph.keras_tensor import any_symbolic_tensors
from amalthea.state.scope import StatelessScope, current_scope


class Comparison(NamedTuple):
    """How far one tensor of one engine is from that of the reference.

    Attributes:
        engine: the engine that was compared.
        kind: "output" of a layer, or "gradient" of a weight.
        name: the layer, or the path of the weight.
        error: the greatest difference, in units of what is tolerated: more than 1 is too much. Infinite where shapes differ, or where only
            one is a number.
    """

    engine: str
    kind: str
    name: str
    error: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is tolerated."""
        return self.error <= 1


class Verification(NamedTuple):
    """What `Model.verify` found.

    Attributes:
        reference: the engine that the others were compared with.
        comparisons: the outputs of layers in the order in which they were ready, engine by engine, then the gradients of weights.
    """

    reference: str
    comparisons: list[Comparison]

    @property
    def agrees(self) -> bool:
        """Whether all engines agree with the reference."""
        return self.first_divergence is None

    @property
    def first_divergence(self) -> Comparison | None:
        """The first comparison that is out of tolerance: of outputs in the order of the calls, then of gradients; None if there is none."""
        return next((row for row in self.comparisons if not row.agrees), None)

    def print(self) -> None:
        """Print the comparisons as a table, with a line that says what they mean."""
        import rich.console
        import rich.markup
        import rich.table

        engines = list(dict.fromkeys(row.engine for row in self.comparisons))
        table = rich.table.Table(title=f"difference from {self.reference!r}, in units of the tolerance", title_justify="left")
        table.add_column("layer or weight", overflow="fold")
        table.add_column("what")
        for engine in engines:
            table.add_column(engine, justify="right")
        lines: dict[tuple[str, int], dict[str, Comparison]] = {}
        for kind in ("output", "gradient"):
            for engine in engines:
                for place, row in enumerate(row for row in self.comparisons if (row.engine, row.kind) == (engine, kind)):
                    lines.setdefault((kind, place), {})[engine] = row
        for (kind, _), cells in lines.items():
            name = next(iter(cells.values())).name
            table.add_row(rich.markup.escape(name), kind, *(_cell(cells.get(engine)) for engine in engines))
        console = rich.console.Console(highlight=False)
        console.print(table)
        first = self.first_divergence
        if first is None:
            console.print(f"All agree with {self.reference!r}.")
        else:
            console.print(f"The first to diverge is the {first.kind} of {rich.markup.escape(first.name)!r} on {first.engine!r}.")


def verify(model: Any, engines: Sequence[str] | None, data: Any, rtol: float, atol: float, seed: int = 0) -> Verification:
    """Compare a model on several engines; see `Model.verify`."""
    names = list(engines) if engines is not None else [name for name, installed in registry.available().items() if installed]
    if isinstance(engines, str) or len(set(names)) < 2:
        raise ArgumentError(f"`engines` must name at least two engines, of which the first is the reference. Received: {engines!r}.")
    if not model.built:
        raise NotBuiltError(f"{model} is not built, so there is nothing to compare. Call it on data, or `build` it with an input shape.")
    found = {name: _run(model, registry.get(name), data, seed) for name in names}
    # An engine that does not train has no gradients: these are compared with the first engine's that has.
    compared = []
    for kind in ("output", "gradient"):
        having = [name for name in names if kind in found[name]]
        for name in having[1:]:
            expected = found[having[0]][kind]
            # What an engine does in a loop of its own, or in none, another one cannot be compared in.
            for place, (path, value) in found[name][kind].items():
                if place in expected:
                    compared.append(Comparison(name, kind, path, float(errors(value, expected[place][1], rtol, atol).max(initial=0.0))))
    return Verification(names[0], compared)


Rows = dict[Any, tuple[str, np.ndarray]]
"""Tensors with their names, by what tells them apart."""


def _run(model: Any, engine: Engine, data: Any, seed: int) -> dict[str, Rows]:
    """The outputs of all layers in the order in which they were ready, and the gradients of a fixed sum over the model's outputs."""
    variables = model.variables
    values = [variable.numpy() for variable in variables]
    with registry.use(engine), StatelessScope() as scope:
        for variable, value in zip(variables, values, strict=True):
            scope.hold(variable, engine.hold(value, variable._dtype))
        inputs = tree.map_structure(ops.convert_to_tensor, data)

        def objective() -> tuple[Any, None]:
            outputs = infer(model, inputs)
            parts = [ops.sum(ops.multiply(ops.cast(leaf, "float32"), _weights(leaf.shape, seed))) for leaf in tree.flatten(outputs)]
            return sum(parts[1:], parts[0]), None

        trained, rows = model.trainable_variables, {}
        if engine.trains and trained:
            _, gradients = engine.value_and_grad(objective, trained)
            named = zip(trained, gradients, strict=True)
            rows["gradient"] = {place: (variable.path, engine.to_host(gradient)) for place, (variable, gradient) in enumerate(named)}
        outputs: Rows = {}
        counts: Counter[int] = Counter()

        def note(layer: Any, tensor: Any) -> None:
            outputs[id(layer), counts[id(layer)]] = (layer.path, engine.to_host(tensor))
            counts[id(layer)] += 1

        infer(model, inputs, note)
        return {"output": outputs, **rows}


def infer(model: Any, inputs: Any, note: Callable[[Any, Any], None] | None = None) -> Any:
    """The outputs of a model in inference, on the engine in use. Nothing that is assigned meanwhile stays.

    Args:
        model: the model.
        inputs: its inputs, tensors; symbolic ones, if only shapes are asked for.
        note: is told of every layer that is called, and every tensor that it gave, in the order in which they were ready. It is not told of
            calls in loops, where tensors have no values on some engines.
    """
    with StatelessScope() as scope, _listening(model, note, scope) if note is not None else nullcontext():
        call = model.compute_output_spec if any_symbolic_tensors((inputs,)) else model  # which records no call
        return call(inputs, training=False) if model._takes_training() else call(inputs)


@contextmanager
def _listening(model: Any, note: Callable[[Any, Any], None], scope: StatelessScope) -> Iterator[None]:
    """Inside, `note` is told of the layers that are called in `scope` itself."""
    layers = list(model._flatten_layers())

    def listener(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            if current_scope() is scope:  # engines open a scope for the body of a loop
                for leaf in tree.flatten(outputs):
                    if leaf is not None:
                        note(layer, leaf)
            return outputs

        return run

    for layer in layers:
        layer.__dict__["call"] = listener(layer, layer.call)
    try:
        yield
    finally:
        for layer in layers:
            del layer.__dict__["call"]


def _weights(shape: Any, seed: int) -> np.ndarray:
    """Fixed numbers, so that each output counts differently in the sum whose gradient is taken."""
    return np.random.default_rng(seed).normal(size=tuple(shape)).astype("float32")


def errors(found: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """How far numbers are from those that were expected, one by one, in units of what is tolerated.

    Infinite where only one of two is a number, and for tensors whose shapes differ.

    Example:
        >>> errors(np.array([1.0, np.nan, 3.0]), np.array([1.0, np.nan, 1.0]), rtol=0.1, atol=0.1).round(3).tolist()
        [0.0, 0.0, 10.0]
    """
    if found.shape != expected.shape:
        return np.array([np.inf])
    ours, theirs = found.astype("float64"), expected.astype("float64")
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(same, 0.0, np.abs(ours - theirs) / (atol + rtol * np.abs(theirs)))
    return np.where(np.isnan(scaled), np.inf, scaled)


def _cell(row: Comparison | None) -> str:
    if row is None:
        return ""
    return f"{row.error:.2g}" if row.agrees else f"[red]{row.error:.2g}[/red]"
