"""What engines share that trace, or differentiate, functions that read and assign variables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from amalthea import tree
from amalthea.dtypes import standardize_dtype
from amalthea.engines.protocol import Tensor
from amalthea.engines.spec import Spec
from amalthea.errors import StateError
from amalthea.state.scope import StatelessScope, apply_writes, current_scope, in_stateless_scope
from amalthea.state.variable import Variable

T = TypeVar("T")

UNKNOWN = (83, 89)
"""Two sizes to put in the place of an unknown one: sizes that follow it differ between the two."""


_TRACES = 12  # more than it takes to find all that there are, however they hide one behind the other


class TraceScope(StatelessScope):
    """The scope of a trace: holds what stands for the values of some variables, and notes which others were read."""

    def __init__(self, known: Iterable[tuple[Variable, Any]]) -> None:
        super().__init__()
        self.unforeseen: dict[int, Variable] = {}
        for variable, value in known:
            self.hold(variable, value)

    def missing(self, variable: Variable) -> Any:
        self.unforeseen[id(variable)] = variable
        return variable.held()

    def write(self, variable: Variable, value: Any) -> None:
        if id(variable) not in self._values:
            self.unforeseen[id(variable)] = variable
        super().write(variable, value)


def traced(trace: Callable[[list[Variable]], tuple[TraceScope, T]], foreseen: Sequence[Variable]) -> tuple[list[Variable], TraceScope, T]:
    """`trace(variables)` of all variables that are read or assigned in it: done once more for those that it used without their being foreseen.

    Returns:
        The variables, the scope of the last trace, and its result.

    Raises:
        StateError: there are others each time.
    """
    variables = list({id(variable): variable for variable in foreseen}.values())
    for _ in range(_TRACES):
        scope, result = trace(variables)
        if not scope.unforeseen:
            return variables, scope, result
        variables += scope.unforeseen.values()
    raise StateError(
        f"A function to be compiled makes new variables whenever it runs, such as {next(iter(scope.unforeseen.values())).path!r}. Make variables, layers, "
        "metrics, optimizers and seed generators once, outside of it (in `__init__` or `build`)."
    )


class Compiled:
    """A function of stateful code, traced once for each signature of its arguments. Engines say what tensors are, and what a program is.

    Args:
        fn: the function.
        state: names the variables that it probably uses.
    """

    def __init__(self, fn: Callable[..., Any], state: Callable[[], Sequence[Variable]] | None) -> None:
        self._fn = fn
        self._state = state
        self._programs: dict[Any, Callable[[list[Any]], Any]] = {}

    def tensor(self, leaf: Any) -> Any:
        """A leaf of the arguments as a tensor, if it is one or an array; anything else as it is."""
        raise NotImplementedError

    def kind(self, leaf: Any) -> Hashable | None:
        """What a program depends on of a tensor; None for what is no tensor."""
        raise NotImplementedError

    def program(self, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        """The function for tensors like these, of which `unflatten` makes its arguments."""
        raise NotImplementedError

    def within(self, leaves: list[Any]) -> bool:
        """Whether a call with these leaves is part of a trace or of a gradient, so that the function has to run as it is."""
        return in_stateless_scope()

    def __call__(self, *args: Any) -> Any:
        given = tree.flatten(args)
        if self.within(given):
            return self._fn(*args)
        leaves = [self.tensor(leaf) for leaf in given]
        kinds = [self.kind(leaf) for leaf in leaves]
        tensors = [leaf for leaf, kind in zip(leaves, kinds, strict=True) if kind is not None]
        signature = (_skeleton(args), *((type(leaf), leaf) if kind is None else kind for leaf, kind in zip(leaves, kinds, strict=True)))
        program = self.known(signature)
        if program is None:
            constants = [(leaf,) if kind is None else None for leaf, kind in zip(leaves, kinds, strict=True)]
            program = self.new(signature, self._state() if self._state is not None else (), tensors, _unflatten(args, constants))
        return program(tensors)

    def known(self, signature: Hashable) -> Callable[[list[Any]], Any] | None:
        """The function for a signature, if it has one."""
        return self._programs.get(signature)

    def new(
        self, signature: Hashable, foreseen: Sequence[Variable], tensors: list[Any], unflatten: Callable[[list[Any]], Any]
    ) -> Callable[[list[Any]], Any]:
        """The function for a signature that has none yet."""
        program = self._programs[signature] = self.program(foreseen, tensors, unflatten)
        return program


def _unflatten(args: Any, constants: list[tuple[Any] | None]) -> Callable[[list[Any]], Any]:
    """What makes arguments like `args` of the tensors in them; the other leaves are `constants`."""
    structure = tree.map_structure(lambda leaf: None, args)

    def unflatten(given: list[Any]) -> Any:
        values = iter(given)
        return tree.pack_sequence_as(structure, [next(values) if constant is None else constant[0] for constant in constants])

    return unflatten


def _skeleton(structure: Any) -> Any:
    """What of a structure remains when its leaves are taken out, as a key."""
    if not tree.is_nested(structure):
        return None
    if isinstance(structure, Mapping):
        return type(structure), tuple((key, _skeleton(part)) for key, part in structure.items())
    return type(structure), tuple(map(_skeleton, structure))


def stored(variable: Variable) -> Tensor:
    """The value of `variable` here, in its own dtype."""
    scope = current_scope()
    return scope.read(variable) if scope is not None else variable.held()


def without_assignments(body: Callable[..., Any], where: str) -> Callable[..., Any]:
    """`body`, with a clear error if it assigns a variable: what happens in a loop has to be in its carry."""

    def checked(*args: Any) -> Any:
        with StatelessScope() as scope:
            result = body(*args)
            written = scope.written()
        if written:
            raise StateError(
                f"The body of `{where}` assigned the variable {written[0][0].path!r}. A loop keeps only what is in its carry: "
                "return the new value from the body and assign it after the loop (draw random numbers before it)."
            )
        return result

    return checked


_TENSOR = object()  # stands for each tensor in the form of a result


def form_of(result: Any, is_tensor: Callable[[object], bool]) -> Any:
    """What of a result is the same at every call: its structure, and what is no tensor."""
    return tree.map_structure(lambda leaf: _TENSOR if is_tensor(leaf) else leaf, result)


def filled(form: Any, tensors: Iterable[Any]) -> Any:
    """The result of this form with these tensors; of an iterator, no more are taken than it needs."""
    left = iter(tensors)
    return tree.map_structure(lambda leaf: next(left) if leaf is _TENSOR else leaf, form)


class Recomputation:
    """A call of a function that can be done again with other tensors, for gradients that keep none of its inner values.

    Args:
        fn: the function. It may read and assign variables.
        args: its arguments by position.
        kwargs: its arguments by name.
        is_tensor: tells tensors.
    """

    def __init__(self, fn: Callable[..., Any], args: Any, kwargs: Any, is_tensor: Callable[[object], bool]) -> None:
        self._fn, self._arguments, self._is_tensor = fn, (args, kwargs), is_tensor
        self._leaves = tree.flatten(self._arguments)
        self._places = [place for place, leaf in enumerate(self._leaves) if is_tensor(leaf)]
        self._read: list[tuple[Variable, Any]] = []
        self._assigned: list[Variable] = []

    def first(self) -> list[Any]:
        """Do it; assign nothing yet.

        Returns:
            The outputs: the tensors in the result, and the values that variables are assigned.
        """
        args, kwargs = self._arguments
        with _Reads() as scope:
            result = self._fn(*args, **kwargs)
        self._read = list(scope.reads.values())
        self._assigned = [variable for variable, _ in scope.written()]
        self._form = form_of(result, self._is_tensor)
        return self._outputs(result, scope)

    @property
    def inputs(self) -> list[Any]:
        """The tensors among the arguments, and the values of the variables that were read."""
        return [self._leaves[place] for place in self._places] + [value for _, value in self._read]

    def again(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for these in the place of `inputs`."""
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, inputs, strict=False):
            leaves[place] = tensor
        args, kwargs = tree.pack_sequence_as(self._arguments, leaves)
        with StatelessScope() as scope:
            for (variable, _), value in zip(self._read, inputs[len(self._places) :], strict=True):
                scope.hold(variable, value)
            return self._outputs(self._fn(*args, **kwargs), scope)

    def finish(self, outputs: Sequence[Any]) -> Any:
        """The result of the call, of these outputs; variables are assigned theirs."""
        left = iter(outputs)
        result = filled(self._form, left)
        apply_writes(zip(self._assigned, left, strict=True))
        return result

    def _outputs(self, result: Any, scope: StatelessScope) -> list[Any]:
        return [leaf for leaf in tree.flatten(result) if self._is_tensor(leaf)] + [value for _, value in scope.written()]


class _Reads(StatelessScope):
    """Notes which variables are read from outside, and what they gave."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: dict[int, tuple[Variable, Any]] = {}

    def __enter__(self) -> _Reads:
        super().__enter__()
        return self

    def missing(self, variable: Variable) -> Any:
        if id(variable) not in self.reads:
            self.reads[id(variable)] = (variable, super().missing(variable))
        return self.reads[id(variable)][1]


def specs_of(first: Any, second: Any) -> Any:
    """What two runs with different sizes in the place of unknown ones (`UNKNOWN`) tell about shapes: sizes that differ are unknown."""

    def common(one: Any, other: Any) -> Spec:
        return Spec([m if m == n else None for m, n in zip(one.shape, other.shape, strict=True)], standardize_dtype(one.dtype))

    return tree.map_structure(common, first, second, none_is_leaf=False)


def with_rule(forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Iterable[Any]]) -> Callable[..., tuple[Any, Callable[..., Any]]]:
    """What `custom_gradient` takes, of what `custom_vjp` takes."""

    def given(*tensors: Any) -> tuple[Any, Callable[..., Any]]:
        results, kept = forward(*tensors)
        return results, lambda *upstream: tuple(backward(kept, upstream))

    return given
