"""Cases of the border, the verbs, creation and control flow. What they must give is written down with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from amalthea.engines.derived import Engine
from amalthea.engines.spec import Spec
from amalthea.state.variable import Variable
from amalthea.testing.cases.case import HALVES, Case, host, method, sample

_X = host([1.0, 2.0, 3.0])
_SMALL_DTYPES = ("bool", "uint8", "int8", "int32", "float16", "bfloat16", "float32", "complex64")


def _scalar(engine: Engine, x: Any) -> Any:
    return engine.sum(x, None, False)


# --- border ------------------------------------------------------------------------------------------------


def _mutated_host(engine: Engine) -> Any:
    """The host writes into its array once the tensor is made of it."""
    for size in (4, 1_000_000):  # small arrays are copied at once, large ones perhaps not
        array = np.zeros(size, "float32")
        tensor = engine.from_host(array, "float32")
        array[:] = 1
    return _scalar(engine, tensor)


def _mutated_result(engine: Engine, x: Any) -> Any:
    engine.to_host(x)[...] += 1
    return x


def _mutated_start(engine: Engine) -> Any:
    array = np.zeros(100_000, "float32")
    held = engine.hold(array, "float32")
    array[:] = 1
    return _scalar(engine, held)


def _assigned_twice(engine: Engine, first: Any, second: Any) -> Any:
    """What is held at last, and the first tensor that was assigned, which stays as it is."""
    held = engine.assign(engine.hold(np.zeros(3, "float32"), "float32"), first)
    return engine.assign(held, second), first


def _synchronized(engine: Engine, x: Any) -> Any:
    engine.synchronize({"a": [x, (x,)], "b": x})
    return x


def _on_device(engine: Engine, x: Any) -> Any:
    with engine.device(engine.devices()[0]):
        return engine.add(x, engine.full((3,), 1.0, "float32"))


def _check_devices(names: np.ndarray) -> None:
    assert str(names), "There must be a device."
    for name in str(names).split():
        kind, _, index = name.partition(":")
        assert kind.islower(), f"{name} is no name such as 'cpu:0'."
        assert index.isdigit(), f"{name} is no name such as 'cpu:0'."


def border() -> Iterable[Case]:
    yield Case(
        "is_tensor", "kinds", lambda e, x: [e.is_tensor(thing) for thing in (x, 1.0, [x], "x", None)], (_X,), expected=lambda x: _facts("ynnnn")
    )
    for name, (values, dtype) in {
        "list": ([[1, 2], [3, 4]], "int32"),
        "number": (2.5, "float32"),
        "rounded": (0.1, "bfloat16"),
        "toward-zero": ([1.7, -1.7], "int32"),
        "truth": (True, "bool"),
        "truths": (np.array([0.0, 0.5]), "bool"),
        "narrowed": (np.array([1.5, 2.5]), "float32"),
        "float64": (np.array([1.5, 2.5]), "float64"),
        "int64": (np.array([1, 2]), "int64"),
        "complex": ([1 + 2j], "complex64"),
        "empty": (np.zeros((0, 3)), "float32"),
        "large": (2**32 - 1, "uint32"),
        "float8_e4m3fn": ([1.0, -3.5], "float8_e4m3fn"),
        "float8_e5m2": ([1.0, -3.5], "float8_e5m2"),
        "strided": (np.arange(6.0).reshape(2, 3).T[::2], "float32"),
    }.items():
        yield Case("from_host", name, lambda e, v=values, d=dtype: e.from_host(v, d), expected=lambda v=values, d=dtype: host(v, d))
    yield Case("from_host", "copies", _mutated_host, expected=lambda: host(0.0))
    for dtype in _SMALL_DTYPES:
        x = sample((2, 3), dtype, 0, 3)
        yield Case("to_host", dtype, lambda e, x: [e.to_host(x)], (x,), expected=lambda x: [x], symbolic=False)
    yield Case("to_host", "copies", _mutated_result, (_X,), expected=lambda x: x, symbolic=False)

    numbers = host([-1.9, -0.5, 0.0, 0.5, 1.9])
    for dtype in ("int32", "int8", "bool", "float16", "bfloat16", "complex64", "float32", "float8_e5m2"):
        yield Case("cast", f"float32-{dtype}", lambda e, x, d=dtype: e.cast(x, d), (numbers,))
    yield Case("cast", "nan-bool", lambda e, x: e.cast(x, "bool"), (host([np.nan, 0.0]),))
    for source, dtype in (
        ("int32", "float32"),
        ("int32", "bool"),
        ("int32", "uint8"),
        ("bool", "int32"),
        ("bool", "bfloat16"),
        ("bfloat16", "int32"),
    ):
        yield Case("cast", f"{source}-{dtype}", lambda e, x, d=dtype: e.cast(x, d), (sample((4,), source, 0, 3),))
    yield Case(
        "canonical_dtype",
        "small",
        lambda e: [e.canonical_dtype(name) for name in _SMALL_DTYPES],
        expected=lambda: [np.asarray(d) for d in _SMALL_DTYPES],
    )
    wide = ("int64", "uint64", "float64", "complex128")
    yield Case(
        "canonical_dtype",
        "twice",
        lambda e: [e.canonical_dtype(e.canonical_dtype(name)) == e.canonical_dtype(name) for name in wide],
        expected=lambda: _facts("yyyy"),
    )

    yield Case("hold", "float32", lambda e: e.hold(_X, "float32"), expected=lambda: _X)
    yield Case("hold", "bfloat16", lambda e: e.hold(_X, "bfloat16"), expected=lambda: host(_X, "bfloat16"))
    yield Case("hold", "copies", _mutated_start, expected=lambda: host(0.0))
    yield Case("assign", "twice", _assigned_twice, (_X, -_X), expected=lambda x, y: (y, x))
    yield Case("devices", "names", lambda e: " ".join(e.devices()), verify=_check_devices, symbolic=False)
    yield Case("device", "first", _on_device, (_X,), expected=lambda x: x + 1, symbolic=False)
    yield Case("synchronize", "nested", _synchronized, (_X,), expected=lambda x: x)


def _facts(letters: str) -> list[np.ndarray]:
    return [np.asarray(letter == "y") for letter in letters]


# --- verbs -------------------------------------------------------------------------------------------------


def _compiled_structure(engine: Engine, x: Any, y: Any) -> Any:
    fn = engine.compile(lambda pair, flag, name: {"sum": engine.add(*pair), name: engine.negative(pair[0]) if flag else pair[0]})
    return fn((x, y), True, "other"), fn((x, y), False, "other")


def _compiled_shapes(engine: Engine, x: Any) -> Any:
    fn = engine.compile(lambda x: engine.multiply(x, 2.0))
    return fn(x), fn(engine.getitem(x, slice(0, 1))), fn(x)


def _compiled_state(engine: Engine, x: Any) -> Any:
    """Reads one variable, and changes another, which it was not told of."""
    scale, total = Variable(_X, name="scale"), Variable(np.zeros(3, "float32"), name="total")

    def fn(x: Any) -> Any:
        total.assign(engine.add(total.value, engine.multiply(x, scale.value)))
        return total.value

    step = engine.compile(fn, lambda: [scale])
    step(x)
    scale.assign(engine.from_host([1.0, 1.0, 1.0], "float32"))  # an assignment from outside is seen inside
    return step(x), total.value, scale.value


def _compiled_inside(engine: Engine, x: Any) -> Any:
    inner = engine.compile(lambda x: engine.add(x, 1.0))
    return engine.compile(lambda x: engine.multiply(inner(x), 2.0))(x)


def _runs(engine: Engine, x: Any) -> Any:
    """Whether the function ran again when it was called again."""
    runs: list[int] = []

    def fn(x: Any) -> Any:
        runs.append(1)
        return engine.negative(x)

    step = engine.compile(fn)
    step(x)
    first = len(runs)
    step(x)
    return [len(runs) > first]


def _gradients(engine: Engine) -> Any:
    v, w, unused = Variable(_X, name="v"), Variable(host(2.0), name="w"), Variable(_X, name="unused")

    def fn() -> Any:
        y = engine.multiply(engine.multiply(v.value, v.value), w.value)
        return _scalar(engine, y), {"y": y}

    return engine.value_and_grad(fn, [v, w, unused])


def _gradients_and_state(engine: Engine) -> Any:
    v, calls = Variable(_X, name="v"), Variable(host(0.0), name="calls")

    def fn() -> Any:
        calls.assign(engine.add(calls.value, 1.0))
        return _scalar(engine, engine.multiply(v.value, calls.value)), None

    (value, _), gradients = engine.value_and_grad(fn, [v])
    (_, _), again = engine.value_and_grad(fn, [v])
    return value, gradients, again, calls.value, v.value


def _compiled_step(engine: Engine, x: Any) -> Any:
    """Two steps of gradient descent."""
    v = Variable(_X, name="v")

    def step(x: Any) -> Any:
        (loss, _), (gradient,) = engine.value_and_grad(lambda: (_scalar(engine, engine.multiply(v.value, x)), None), [v])
        v.assign(engine.subtract(v.value, engine.multiply(gradient, 0.5)))
        return loss

    compiled = engine.compile(step)
    return compiled(x), compiled(x), v.value


def _gradient_of(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda engine, *tensors: engine.tensor_value_and_grad(lambda *inner: (_scalar(engine, fn(engine, *inner)), inner[0]), tensors)


def _doubled(engine: Engine) -> Callable[..., Any]:
    """The identity, with a gradient that is not the identity's."""

    def fn(x: Any, y: Any) -> Any:
        return engine.add(x, y), lambda upstream: (engine.multiply(upstream, 2.0), engine.multiply(upstream, -3.0))

    return engine.custom_gradient(fn)


def _exponential(engine: Engine) -> Callable[..., Any]:
    """A function whose gradient uses what it computed."""

    def fn(x: Any) -> Any:
        y = engine.exp(x)
        return y, lambda upstream: engine.multiply(upstream, y)

    return engine.custom_gradient(fn)


def _scaled(engine: Engine) -> Callable[..., Any]:
    """The product with a second tensor, which has no gradient; that of the first is not the product's."""

    def plain(x: Any, y: Any) -> Any:
        return engine.multiply(x, y), engine.negative(x)

    def backward(kept: Any, upstream: Any) -> Any:
        return engine.add(engine.multiply(engine.multiply(upstream[0], kept[0]), 10.0), upstream[1]), None

    return engine.custom_vjp(plain, lambda x, y: (plain(x, y), (y,)), backward)


def verbs() -> Iterable[Case]:
    two = (_X, host([4.0, 5.0, 6.0]))
    yield Case("compile", "structure", _compiled_structure, two, expected=lambda x, y: ({"sum": x + y, "other": -x}, {"sum": x + y, "other": x}))
    yield Case("compile", "shapes", _compiled_shapes, (_X,), expected=lambda x: (2 * x, 2 * x[:1], 2 * x))
    yield Case("compile", "state", _compiled_state, (_X,), expected=lambda x: (x * (_X + 1), x * (_X + 1), np.ones(3, "float32")), symbolic=False)
    yield Case("compile", "inside", _compiled_inside, (_X,), expected=lambda x: 2 * (x + 1))
    yield Case("compile", "runs-once", _runs, (_X,), expected=lambda x: _facts("n"), symbolic=False)

    squares = lambda: ((host(28.0), {"y": 2 * _X * _X}), [4 * _X, host(14.0), 0 * _X])  # noqa: E731
    yield Case("value_and_grad", "variables", _gradients, expected=squares)
    state = lambda: (host(6.0), [host([1, 1, 1])], [host([2, 2, 2])], host(2.0), _X)  # noqa: E731
    yield Case("value_and_grad", "state", _gradients_and_state, expected=state, symbolic=False)
    yield Case("value_and_grad", "compiled", _compiled_step, (_X,), expected=lambda x: (host(14.0), host(7.0), 0 * x), symbolic=False)

    product = _gradient_of(lambda e, x, y: e.multiply(e.multiply(x, x), y))
    yield Case("tensor_value_and_grad", "two", product, two, expected=lambda x, y: ((host((x * x * y).sum()), x), [2 * x * y, x * x]))
    power = _gradient_of(lambda e, x, y: e.add(x, 1.0))
    yield Case("tensor_value_and_grad", "unused", power, two, expected=lambda x, y: ((host(x.sum() + 3), x), [0 * x + 1, 0 * y]))

    yield Case("custom_gradient", "value", lambda e, x, y: _doubled(e)(x, y), two)
    own = _gradient_of(lambda e, x, y: _doubled(e)(e.multiply(x, 5.0), y))
    yield Case("custom_gradient", "gradient", own, two, expected=lambda x, y: ((host((5 * x + y).sum()), x), [0 * x + 10, 0 * y - 3]))
    kept = _gradient_of(lambda e, x: e.tensor_value_and_grad(lambda t: (_scalar(e, _exponential(e)(t)), None), [x])[1][0])
    yield Case("custom_gradient", "gradient-of-gradient", kept, (_X,), expected=lambda x: ((host(np.exp(x).sum()), x), [np.exp(x)]), symbolic=False)
    yield Case("custom_vjp", "value", lambda e, x, y: _scaled(e)(x, y), two)
    vjp = _gradient_of(lambda e, x, y: e.subtract(*_scaled(e)(x, y)))
    yield Case("custom_vjp", "gradient", vjp, two, expected=lambda x, y: ((host((x * y + x).sum()), x), [10 * y - 1, 0 * y]))
    yield Case("stop_gradient", "value", method("stop_gradient"), (_X,))
    stopped = _gradient_of(lambda e, x: e.multiply(x, e.stop_gradient(x)))
    yield Case("stop_gradient", "gradient", stopped, (_X,), expected=lambda x: ((host((x * x).sum()), x), [x]))
    yield Case("remat", "value", lambda e, x: e.remat(lambda t: e.sin(e.multiply(t, t)))(x), (_X,), (0,))
    yield Case("remat", "structure", lambda e, x: e.remat(lambda t: {"a": e.exp(t), "b": [t]})(x), (_X,), (0,))

    def product_of(engine: Engine, x: Any, y: Any) -> Any:
        return {"product": engine.matmul(x, y), "whole": engine.cast(engine.argmax(y, 0, False), "float32")}

    def evaluated(engine: Engine) -> Any:
        return engine.abstract_eval(lambda x, y: product_of(engine, x, y), Spec((None, 3), "float32"), Spec((3, 2), "float32"))

    shapes = lambda: {"product": Spec((None, 2), "float32"), "whole": Spec((2,), "float32")}  # noqa: E731
    yield Case("abstract_eval", "unknown-size", evaluated, expected=shapes, symbolic=False)


# --- creation ----------------------------------------------------------------------------------------------


def creation() -> Iterable[Case]:
    for name, (shape, value, dtype) in {
        "float32": ((2, 3), 1.5, "float32"),
        "scalar": ((), -1, "int32"),
        "bool": ((2,), True, "bool"),
        "bool-zero": ((2,), 0, "bool"),
        "infinite": ((2,), -np.inf, "float32"),
        "large": ((2,), 2**32 - 1, "uint32"),
        "uint8": ((2,), 255, "uint8"),
        "complex64": ((2,), 1 + 2j, "complex64"),
        "empty": ((0, 2), 1, "float32"),
        **{dtype: ((2,), 0.1, dtype) for dtype in HALVES},
    }.items():
        yield Case(
            "full", name, lambda e, s=shape, v=value, d=dtype: e.full(s, v, d), expected=lambda s=shape, v=value, d=dtype: np.full(s, host(v, d))
        )
    yield Case("full", "tensor", lambda e, v: e.full((2, 3), v, e.dtype_of(v)), (host(2.5),), (0,))
    yield Case("full", "tensor-cast", lambda e, v: e.full((2,), v, "float32"), (host(2, "int32"),), expected=lambda v: host([2, 2]))
    for name, (start, stop, step, dtype) in {
        "plain": (0, 5, 1, "int32"),
        "step": (1, 10, 3, "int32"),
        "falling": (5, 0, -2, "int32"),
        "nothing": (3, 3, 1, "int32"),
        "wrong-way": (3, 0, 1, "int32"),
        "float": (0, 5, 1, "float32"),
        "fraction": (0.0, 1.0, 0.25, "float32"),
        "bfloat16": (0, 9, 2, "bfloat16"),
        "float16": (0, 2, 0.5, "float16"),
        "uint8": (250, 255, 1, "uint8"),
    }.items():
        yield Case(
            "arange",
            name,
            lambda e, a=start, b=stop, s=step, d=dtype: e.arange(a, b, s, d),
            expected=lambda a=start, b=stop, s=step, d=dtype: host(np.arange(a, b, s), d),
        )


# --- control flow ------------------------------------------------------------------------------------------


def _branches(engine: Engine, pred: Any, x: Any) -> Any:
    return engine.cond(pred, lambda: {"a": engine.multiply(x, x), "b": [x]}, lambda: {"a": engine.negative(x), "b": [engine.exp(x)]})


def _assigning_branches(engine: Engine, x: Any) -> Any:
    v = Variable(host([1.0, 1.0, 1.0]), name="v")

    def double() -> Any:
        v.assign(engine.multiply(v.value, 2.0))
        return v.value

    def fn(x: Any) -> Any:
        return engine.cond(engine.greater(_scalar(engine, x), 0.0), double, lambda: engine.negative(v.value))

    step = engine.compile(fn)
    return step(x), step(engine.negative(x)), v.value


def _collatz(engine: Engine, x: Any) -> Any:
    def body(n: Any, steps: Any) -> Any:
        odd = engine.equal(engine.remainder(n, 2), 1)
        return engine.where(odd, engine.add(engine.multiply(n, 3), 1), engine.floor_divide(n, 2)), engine.add(steps, 1)

    return engine.while_loop(lambda n, steps: engine.greater(n, 1), body, (x, engine.full((), 0, "int32")), None)


def _limited(engine: Engine, x: Any) -> Any:
    return engine.while_loop(lambda x: engine.less(_scalar(engine, x), 1e9), lambda x: (engine.multiply(x, 2.0),), (x,), 3)


def _scanned(reverse: bool = False, unroll: int = 1, length: int = 4) -> Callable[..., Any]:
    def call(engine: Engine, start: Any, xs: Any) -> Any:
        def body(carry: Any, x: Any) -> Any:
            total = engine.add(engine.multiply(carry["total"], 0.5), x["a"])
            return {"total": total}, [engine.multiply(total, x["b"]), _scalar(engine, total)]

        both = {"a": xs, "b": engine.add(xs, 1.0)}
        return engine.scan(body, {"total": start}, both, length, reverse, unroll)

    return call


def _counted(engine: Engine, start: Any) -> Any:
    return engine.scan(lambda carry, _: (engine.multiply(carry, 2.0), carry), start, None, 3, False, 1)


def _mapped(engine: Engine, x: Any, y: Any) -> Any:
    return engine.vectorized_map(lambda a, pair: {"dot": engine.matmul(a, pair["y"]), "first": engine.getitem(a, 0)}, x, {"y": y})


def control() -> Iterable[Case]:
    for name, truth in {"then": True, "otherwise": False}.items():
        yield Case("cond", name, _branches, (host(truth, "bool"), _X), (1,))
    yield Case(
        "cond", "assigning", _assigning_branches, (_X,), expected=lambda x: (host([2.0] * 3), host([-2.0] * 3), host([2.0] * 3)), symbolic=False
    )

    yield Case("while_loop", "integers", _collatz, (host(6, "int32"),), expected=lambda n: (host(1, "int32"), host(8, "int32")))
    yield Case("while_loop", "limited", _limited, (_X,), expected=lambda x: (8 * x,))
    yield Case(
        "while_loop",
        "never",
        lambda e, x: e.while_loop(lambda x: e.less(_scalar(e, x), 0.0), lambda x: (e.negative(x),), (x,), None),
        (_X,),
        expected=lambda x: (x,),
    )

    inputs = (sample((2,)), sample((4, 2), seed=1))
    yield Case("scan", "forward", _scanned(), inputs, (0, 1))
    yield Case("scan", "reverse", _scanned(reverse=True), inputs, (0, 1))
    yield Case("scan", "unrolled", _scanned(unroll=2), inputs)
    yield Case("scan", "nothing", _scanned(length=0), (sample((2,)), sample((0, 2))))
    yield Case("scan", "no-inputs", _counted, (_X,), expected=lambda x: (8 * x, np.stack([x, 2 * x, 4 * x])))
    yield Case("vectorized_map", "structure", _mapped, (sample((3, 2)), sample((3, 2), seed=1)), (0, 1))
    yield Case("vectorized_map", "nothing", _mapped, (sample((0, 2)), sample((0, 2))))
