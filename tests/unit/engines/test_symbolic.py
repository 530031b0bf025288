"""The symbolic engine: shapes and dtypes, unknown sizes, and errors that name what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea.engines import protocol, registry, shapes, symbolic
from amalthea.engines.spec import Spec
from amalthea.errors import AmaltheaError, ArgumentError, ArgumentTypeError, ShapeError

E = symbolic.ENGINE


def f32(*shape: int | None) -> Spec:
    return Spec(shape, "float32")


def i32(*shape: int | None) -> Spec:
    return Spec(shape, "int32")


def flag(*shape: int | None) -> Spec:
    return Spec(shape, "bool")


def test_every_primitive_has_a_rule():
    base, own = protocol.Protocol, symbolic.SymbolicEngine
    assert [name for name in protocol.PRIMITIVES if getattr(own, name) is getattr(base, name)] == []


def test_registry_gives_it():
    assert registry.get("symbolic") is E
    assert "symbolic" not in registry.available()


# Each row: what is called, and the shape and dtype (or several) that come out.
CASES = {
    "unary keeps shape and dtype": (lambda: E.negative(i32(None, 3)), i32(None, 3)),
    "floating": (lambda: E.exp(Spec((None, 3), "bfloat16")), Spec((None, 3), "bfloat16")),
    "activation": (lambda: E.gelu(f32(None, 3), True), f32(None, 3)),
    "absolute of complex": (lambda: E.absolute(Spec((2,), "complex128")), Spec((2,), "float64")),
    "real of complex": (lambda: E.real(Spec((2,), "complex64")), f32(2)),
    "complex": (lambda: E.complex(f32(2, 1), f32(3)), Spec((2, 3), "complex64")),
    "isnan": (lambda: E.isnan(f32(None)), flag(None)),
    "binary broadcasts": (lambda: E.add(f32(None, 1, 3), f32(5, 1)), f32(None, 5, 3)),
    "binary with a number": (lambda: E.multiply(f32(None, 3), 2.0), f32(None, 3)),
    "number first": (lambda: E.subtract(1.0, f32(None, 3)), f32(None, 3)),
    "unknown meets 1": (lambda: E.add(f32(None, 3), f32(1, 3)), f32(None, 3)),
    "unknown meets a size": (lambda: E.add(f32(None, 3), f32(7, 3)), f32(7, 3)),
    "comparison": (lambda: E.less(f32(None, 3), 0.0), flag(None, 3)),
    "isclose": (lambda: E.isclose(f32(2, 1), f32(3), 1e-5, 1e-8, False), flag(2, 3)),
    "where": (lambda: E.where(flag(None, 1), 0.0, f32(4)), f32(None, 4)),
    "clip": (lambda: E.clip(f32(None, 3), 0.0, f32(3)), f32(None, 3)),
    "cast": (lambda: E.cast(f32(None, 3), "int8"), Spec((None, 3), "int8")),
    "sum of all": (lambda: E.sum(f32(None, 3), None, False), f32()),
    "sum with keepdims": (lambda: E.sum(i32(None, 3, 4), (0, 2), True), i32(1, 3, 1)),
    "mean": (lambda: E.mean(f32(None, 3, 4), (1,), False), f32(None, 4)),
    "argmax": (lambda: E.argmax(f32(None, 3), 1, False), i32(None)),
    "argmin keeps": (lambda: E.argmin(f32(None, 3), 1, True), i32(None, 1)),
    "any": (lambda: E.any(flag(None, 3), (0,), False), flag(3)),
    "var of complex": (lambda: E.var(Spec((2, 3), "complex64"), (0,), False), f32(3)),
    "count_nonzero": (lambda: E.count_nonzero(f32(None, 3), (1,)), i32(None)),
    "moments": (lambda: E.moments(f32(None, 3), (0,), False), (f32(3), f32(3))),
    "median": (lambda: E.median(f32(None, 3), (0,), True), f32(1, 3)),
    "quantiles": (lambda: E.quantile(f32(None, 3), [0.1, 0.9], (0,), "linear", False), f32(2, 3)),
    "softmax": (lambda: E.softmax(f32(None, 3), 1), f32(None, 3)),
    "glu": (lambda: E.glu(f32(None, 8), 1), f32(None, 4)),
    "full": (lambda: E.full((None, 2), 0, "int8"), Spec((None, 2), "int8")),
    "zeros_like": (lambda: E.zeros_like(f32(None, 2)), f32(None, 2)),
    "arange": (lambda: E.arange(2, 11, 3, "int32"), i32(3)),
    "arange falling": (lambda: E.arange(5.0, 0.0, -2.0, "float32"), f32(3)),
    "arange to an unknown end": (lambda: E.arange(0, None, 1, "int32"), i32(None)),
    "eye": (lambda: E.eye(3, None, 0, "float32"), f32(3, None)),
    "linspace": (lambda: E.linspace(f32(2), f32(2), 5, True), f32(5, 2)),
    "transpose": (lambda: E.transpose(f32(None, 3, 4), (2, 0, 1)), f32(4, None, 3)),
    "moveaxis": (lambda: E.moveaxis(f32(None, 3, 4), 0, 2), f32(3, 4, None)),
    "concatenate": (lambda: E.concatenate([f32(None, 3), f32(2, 4)], 1), f32(2, 7)),
    "concatenate along the unknown": (lambda: E.concatenate([f32(None, 3), f32(2, 3)], 0), f32(None, 3)),
    "pad": (lambda: E.pad(f32(None, 3), [(1, 1), (2, 0)], 0.0), f32(None, 5)),
    "expand_dims": (lambda: E.expand_dims(f32(None, 3), (0, 3)), f32(1, None, 3, 1)),
    "squeeze": (lambda: E.squeeze(f32(1, None, 3), (0, 1)), f32(3)),
    "stack": (lambda: E.stack([f32(None, 3), f32(2, 3)], 1), f32(2, 2, 3)),
    "unstack": (lambda: E.unstack(f32(None, 2), 1), [f32(None), f32(None)]),
    "split": (lambda: E.split(f32(None, 5), (2, 3), 1), [f32(None, 2), f32(None, 3)]),
    "tile": (lambda: E.tile(f32(None, 3), (2, 2)), f32(None, 6)),
    "repeat": (lambda: E.repeat(f32(None, 3), 2, 1), f32(None, 6)),
    "repeat by counts": (lambda: E.repeat(f32(None, 3), [1, 0, 4], 1), f32(None, 5)),
    "roll": (lambda: E.roll(f32(None, 3), 1, 0), f32(None, 3)),
    "diagonal": (lambda: E.diagonal(f32(3, None, 5), 1, 0, 2), f32(None, 3)),
    "diag": (lambda: E.diag(f32(None, 3), -2), f32(None, 5, 5)),
    "tril": (lambda: E.tril(f32(None, 3), 0), f32(None, 3)),
    "take": (lambda: E.take(f32(None, 5, 4), i32(2, 3), 1), f32(None, 2, 3, 4)),
    "take_along_axis": (lambda: E.take_along_axis(f32(None, 5), i32(7, 2), 1), f32(7, 2)),
    "dynamic_slice": (lambda: E.dynamic_slice(f32(None, 5), (i32(), 0), (2, 5)), f32(2, 5)),
    "dynamic_update": (lambda: E.dynamic_update(f32(None, 5), (0, 0), f32(2, 2)), f32(None, 5)),
    "scatter": (lambda: E.scatter(f32(None, 5), i32(4, 1), f32(4, 5), "add"), f32(None, 5)),
    "one_hot": (lambda: E.one_hot(i32(None, 3), 10, 1, "float16"), Spec((None, 10, 3), "float16")),
    "gather_nd": (lambda: E.gather_nd(f32(2, 3, 4), i32(None, 2)), f32(None, 4)),
    "segment": (lambda: E.segment(f32(None, 4), i32(None), 7, "add"), f32(7, 4)),
    "matmul": (lambda: E.matmul(f32(None, 4, 2, 3), f32(4, 3, 5)), f32(None, 4, 2, 5)),
    "matmul of vectors": (lambda: E.matmul(f32(3), f32(3)), f32()),
    "matrix times vector": (lambda: E.matmul(f32(None, 2, 3), f32(3)), f32(None, 2)),
    "vector times matrices": (lambda: E.matmul(f32(3), f32(None, 3, 2)), f32(None, 2)),
    "dense": (lambda: E.dense(f32(None, None, 3), f32(3, 5)), f32(None, None, 5)),
    "tensordot": (lambda: E.tensordot(f32(None, 3, 4), f32(4, 3, 5), (1, 2), (1, 0)), f32(None, 5)),
    "dot": (lambda: E.dot(f32(2, 3), f32(5, 3, 4)), f32(2, 5, 4)),
    "outer": (lambda: E.outer(f32(None), f32(3)), f32(None, 3)),
    "einsum": (lambda: E.einsum("...ij,jk->...ik", [f32(None, 7, 2, 3), f32(3, 4)]), f32(None, 7, 2, 4)),
    "einsum of unknown and known": (lambda: E.einsum("bi,bj->ij", [f32(None, 2), f32(5, 3)]), f32(2, 3)),
    "conv": (lambda: E.conv(f32(None, 28, None, 3), f32(3, 3, 3, 8), (2, 2), ((0, 1), (0, 1)), (1, 1), 1, (1, 1)), f32(None, 14, None, 8)),
    "conv dilated in groups": (lambda: E.conv(f32(2, 10, 4), f32(3, 2, 6), (1,), ((0, 0),), (2,), 2, (1,)), f32(2, 6, 6)),
    "conv_transpose": (lambda: E.conv_transpose(f32(None, 5, 4), f32(3, 8, 4), (2,), ((0, 0),), (1,)), f32(None, 11, 8)),
    "depthwise_conv": (lambda: E.depthwise_conv(f32(None, 5, 4), f32(3, 4, 2), (1,), ((1, 1),), (1,)), f32(None, 5, 8)),
    "extract_patches": (lambda: E.extract_patches(f32(None, 6, 6, 3), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)), f32(None, 3, 3, 12)),
    "max_pool": (lambda: E.max_pool(f32(None, 5, None, 3), (2, 2), (2, 2), ((0, 1), (0, 0))), f32(None, 3, None, 3)),
    "avg_pool": (lambda: E.avg_pool(f32(None, 5, 3), (2,), (2,), ((0, 0),)), f32(None, 2, 3)),
    "cholesky": (lambda: E.cholesky(f32(None, 3, 3)), f32(None, 3, 3)),
    "qr": (lambda: E.qr(f32(None, 4, 3), "reduced"), (f32(None, 4, 3), f32(None, 3, 3))),
    "qr complete": (lambda: E.qr(f32(4, 3), "complete"), (f32(4, 4), f32(4, 3))),
    "svd": (lambda: E.svd(Spec((4, 3), "complex64"), False), (Spec((4, 3), "complex64"), f32(3), Spec((3, 3), "complex64"))),
    "svd full": (lambda: E.svd(f32(4, 3), True), (f32(4, 4), f32(3), f32(3, 3))),
    "svdvals": (lambda: E.svdvals(f32(None, 4, 3)), f32(None, 3)),
    "eigh": (lambda: E.eigh(f32(None, 3, 3)), (f32(None, 3), f32(None, 3, 3))),
    "eig": (lambda: E.eig(f32(3, 3)), (Spec((3,), "complex64"), Spec((3, 3), "complex64"))),
    "solve": (lambda: E.solve(f32(None, 3, 3), f32(None, 3, 2)), f32(None, 3, 2)),
    "inv": (lambda: E.inv(f32(None, 3, 3)), f32(None, 3, 3)),
    "det": (lambda: E.det(f32(None, 3, 3)), f32(None)),
    "slogdet": (lambda: E.slogdet(f32(5, 3, 3)), (f32(5), f32(5))),
    "lu_factor": (lambda: E.lu_factor(f32(4, 3)), (f32(4, 3), i32(3))),
    "lstsq": (lambda: E.lstsq(f32(4, 3), f32(4, 2), None), f32(3, 2)),
    "pinv": (lambda: E.pinv(f32(4, 3), 1e-6), f32(3, 4)),
    "vector_norm": (lambda: E.vector_norm(f32(None, 3), 3, (1,), True), f32(None, 1)),
    "matrix_norm": (lambda: E.matrix_norm(f32(None, 3, 4), "nuc", (1, 2), False), f32(None)),
    "fft": (lambda: E.fft(Spec((None, 8), "complex64")), Spec((None, 8), "complex64")),
    "rfft": (lambda: E.rfft(f32(None, 7), 8), Spec((None, 5), "complex64")),
    "irfft": (lambda: E.irfft(Spec((None, 5), "complex128"), 9), Spec((None, 9), "float64")),
    "argsort": (lambda: E.argsort(f32(None, 3), 1), i32(None, 3)),
    "top_k": (lambda: E.top_k(f32(None, 9), 2), (f32(None, 2), i32(None, 2))),
    "searchsorted": (lambda: E.searchsorted(f32(9), f32(None, 2), "left"), i32(None, 2)),
    "random_uniform": (lambda: E.random_uniform(Spec((2,), "uint32"), (None, 3), "float16"), Spec((None, 3), "float16")),
    "random_integers": (lambda: E.random_integers(Spec((2,), "uint32"), (3,), 0, 9, "int8"), Spec((3,), "int8")),
    "random_categorical": (lambda: E.random_categorical(Spec((2,), "uint32"), f32(None, 9), 4, "int32"), i32(None, 4)),
    "dropout": (lambda: E.dropout(Spec((2,), "uint32"), f32(None, 9), 0.5, (None, 1)), f32(None, 9)),
    "layer_norm": (lambda: E.layer_norm(f32(None, 9), f32(9), f32(9), (1,), 1e-3), f32(None, 9)),
    "batch_norm": (lambda: E.batch_norm(f32(None, 4, 9), f32(9), f32(9), 2, None, f32(9), 1e-3), f32(None, 4, 9)),
    "attention": (lambda: E.attention(f32(None, 7, 8, 4), f32(None, 5, 2, 4), f32(None, 5, 2, 6), flag(7, 5), None, None, False), f32(None, 7, 8, 6)),
    "sparse_cross_entropy": (lambda: E.sparse_cross_entropy(i32(None, 4), f32(None, 4, 9), 2), f32(None, 4)),
    "cross_entropy": (lambda: E.cross_entropy(f32(None, 9), f32(None, 9), 1), f32(None)),
    "binary_cross_entropy": (lambda: E.binary_cross_entropy(f32(None, 9), f32(None, 9)), f32(None, 9)),
    "from_host": (lambda: E.from_host([[1, 2], [3, 4]], "float32"), f32(2, 2)),
    "from_host of a number": (lambda: E.from_host(1, "int32"), i32()),
}


@pytest.mark.parametrize("case", CASES)
def test_shape_and_dtype(case):
    call, expected = CASES[case]
    assert call() == expected


# Each row: what does not fit, and words that the error has to say.
ERRORS = {
    "add": (lambda: E.add(f32(2, 3), f32(2, 4)), ShapeError, ["add", "(2, 3)", "(2, 4)", "axis -1"]),
    "add over ranks": (lambda: E.add(f32(None, 2, 1), f32(3, 1)), ShapeError, ["(None, 2, 1)", "(3, 1)", "axis -2"]),
    "two dtypes": (lambda: E.add(f32(2), i32(2)), ArgumentTypeError, ["add", "float32", "int32"]),
    "integers where floats belong": (lambda: E.exp(i32(2)), ArgumentTypeError, ["exp", "int32"]),
    "matmul": (lambda: E.matmul(f32(None, 3), f32(4, 5)), ShapeError, ["matmul", "(None, 3)", "(4, 5)", "3", "4"]),
    "matmul of batches": (lambda: E.matmul(f32(2, 3, 4), f32(3, 4, 5)), ShapeError, ["matmul", "(2,)", "(3,)"]),
    "matmul of a scalar": (lambda: E.matmul(f32(), f32(3)), ShapeError, ["scalars"]),
    "tensordot": (lambda: E.tensordot(f32(3, 4), f32(4, 3), (0, 1), (0, 1)), ShapeError, ["tensordot", "axis 0", "3 and 4"]),
    "einsum": (lambda: E.einsum("ij,jk->ik", [f32(2, 3), f32(4, 5)]), ShapeError, ["'j'", "3", "4"]),
    "einsum of another rank": (lambda: E.einsum("ij->i", [f32(2, 3, 4)]), ShapeError, ["'ij'", "3 axes"]),
    "einsum output": (lambda: E.einsum("ij->ik", [f32(2, 3)]), ArgumentError, ["'k'"]),
    "concatenate": (lambda: E.concatenate([f32(2, 3), f32(2, 4)], 0), ShapeError, ["concatenate", "(2, 3)", "(2, 4)", "axis 1"]),
    "concatenate over ranks": (lambda: E.concatenate([f32(2, 3), f32(2)], 0), ShapeError, ["2 axes", "the other 1"]),
    "stack": (lambda: E.stack([f32(2, 3), f32(2, 4)], 0), ShapeError, ["stack", "axis 1"]),
    "unstack": (lambda: E.unstack(f32(None, 3), 0), ShapeError, ["axis 0", "not known"]),
    "split": (lambda: E.split(f32(5), (2, 4), 0), ShapeError, ["split", "(2, 4)", "5"]),
    "squeeze": (lambda: E.squeeze(f32(2, 3), (1,)), ShapeError, ["axis 1", "3"]),
    "reshape": (lambda: E.reshape(f32(2, 3), (4, 2)), ShapeError, ["(2, 3)", "6 elements", "(4, 2)", "8 elements"]),
    "reshape with -1": (lambda: E.reshape(f32(2, 3), (4, -1)), ShapeError, ["(4, -1)", "6", "4"]),
    "reshape with unknown batch": (lambda: E.reshape(f32(None, 3, 4), (3, 5)), ShapeError, ["multiple of 12", "15 elements"]),
    "reshape twice -1": (lambda: E.reshape(f32(2, 3), (-1, -1)), ShapeError, ["at most one"]),
    "broadcast_to": (lambda: E.broadcast_to(f32(2, 3), (4, 2, 4)), ShapeError, ["(2, 3)", "(4, 2, 4)", "axis 1"]),
    "broadcast_to fewer axes": (lambda: E.broadcast_to(f32(2, 3), (3,)), ShapeError, ["more axes"]),
    "conv channels": (lambda: E.conv(f32(None, 5, 4), f32(3, 3, 8), (1,), ((0, 0),), (1,), 1, (1,)), ShapeError, ["4 channels", "takes 3"]),
    "conv groups": (lambda: E.conv(f32(None, 5, 4), f32(3, 2, 7), (1,), ((0, 0),), (1,), 2, (1,)), ShapeError, ["7 filters", "2 groups"]),
    "conv rank": (lambda: E.conv(f32(None, 5, 4), f32(3, 3, 4, 8), (1, 1), ((0, 0),) * 2, (1, 1), 1, (1, 1)), ShapeError, ["(None, 5, 4)"]),
    "conv window": (lambda: E.conv(f32(None, 4, 3), f32(3, 3, 8), (1,), ((0, 0),), (2,), 1, (1,)), ShapeError, ["covers 5", "axis 1", "has 4"]),
    "pool": (lambda: E.max_pool(f32(None, 2, 2, 3), (4, 4), (4, 4), ((0, 0),) * 2), ShapeError, ["covers 4", "axis 1"]),
    "getitem": (lambda: E.getitem(f32(None, 3), (0, 3)), ShapeError, ["index 3", "axis 1", "size 3"]),
    "too many indices": (lambda: E.getitem(f32(None, 3), (0, 0, 0)), ShapeError, ["3 indices", "2 axes"]),
    "two ellipses": (lambda: E.getitem(f32(2), (..., ...)), ArgumentError, ["one Ellipsis"]),
    "a bool index of another size": (lambda: E.getitem(f32(None, 3), (0, np.ones(2, bool))), ShapeError, ["(2,)", "(3,)"]),
    "a float as index": (lambda: E.getitem(f32(2), 0.5), ArgumentTypeError, ["0.5"]),
    "scatter": (lambda: E.scatter(f32(9, 5), i32(4, 1), f32(4, 6), "set"), ShapeError, ["scatter", "(4, 6)", "(4, 5)"]),
    "take_along_axis": (lambda: E.take_along_axis(f32(9, 5), i32(4), 0), ShapeError, ["(9, 5)", "(4,)"]),
    "dynamic_slice": (lambda: E.dynamic_slice(f32(9, 5), (0, 0), (2, 6)), ShapeError, ["6", "axis 1", "5"]),
    "top_k": (lambda: E.top_k(f32(None, 3), 4), ShapeError, ["4", "3"]),
    "cholesky": (lambda: E.cholesky(f32(None, 3, 4)), ShapeError, ["cholesky", "axes 1 and 2"]),
    "layer_norm": (lambda: E.layer_norm(f32(None, 9), f32(8), None, (1,), 1e-3), ShapeError, ["(8,)", "(9,)"]),
    "group_norm": (lambda: E.group_norm(f32(None, 9), 2, 1, None, None, 1e-3), ShapeError, ["9 channels", "2 groups"]),
    "attention": (lambda: E.attention_weights(f32(2, 7, 3, 4), f32(2, 7, 2, 4), None, None, None, False), ShapeError, ["3 heads", "2 heads"]),
    "lstm": (lambda: E.lstm(f32(2, 7, 3), f32(2, 4), f32(2, 4), f32(3, 15), f32(4, 16), None), ShapeError, ["lstm", "(3, 15)", "(3, 16)"]),
    "cond": (lambda: E.cond(flag(), lambda: f32(2), lambda: f32(3)), ShapeError, ["cond", "(2,)", "(3,)"]),
    "cond dtypes": (lambda: E.cond(flag(), lambda: f32(2), lambda: i32(2)), ArgumentTypeError, ["cond", "float32", "int32"]),
    "cond structures": (lambda: E.cond(flag(), lambda: (f32(2),), lambda: (f32(2), f32(2))), ArgumentError, ["cond"]),
    "while_loop": (lambda: E.while_loop(lambda x: flag(), lambda x: (i32(2),), (f32(2),), None), ArgumentTypeError, ["while_loop"]),
    "scan": (lambda: E.scan(lambda c, x: (x, x), f32(2), f32(None, 3), 5, False, 1), ShapeError, ["scan", "(2,)", "(3,)"]),
    "scan length": (lambda: E.scan(lambda c, x: (c, x), f32(2), f32(4, 3), 5, False, 1), ShapeError, ["`length` is 5", "(4, 3)"]),
    "to_host": (lambda: E.to_host(f32(2)), ArgumentError, ["no values"]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_does_not_fit(case):
    call, kind, words = ERRORS[case]
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, AmaltheaError)
    for word in words:
        assert word in str(caught.value)


RESHAPES = [
    ((None, 3, 4), (-1, 12), (None, 12)),
    ((None, 3, 4), (None, 12), (None, 12)),
    ((2, 3, 4), (-1, 12), (2, 12)),
    ((2, 3, 4), (None, 12), (2, 12)),
    ((2, 6), (None, -1), (None, None)),
    ((None, 3, 4), (3, -1, 4), (3, None, 4)),
    ((None, 4), (2, 2), (2, 2)),
    ((0, 3), (0, -1), (0, None)),
    ((0, 3), (5, 0), (5, 0)),
    ((), (1, 1), (1, 1)),
    ((1,), (), ()),
]


@pytest.mark.parametrize(("shape", "target", "expected"), RESHAPES)
def test_reshape(shape, target, expected):
    assert E.reshape(f32(*shape), target).shape == expected


def test_broadcast_to_unknown_sizes():
    assert E.broadcast_to(f32(3), (None, None)).shape == (None, 3)
    assert E.broadcast_to(f32(1, None), (None, 5)).shape == (None, 5)


# --- indexing: NumPy is the truth ------------------------------------------------------------------------

KEYS = [
    0,
    -1,
    slice(1, None),
    slice(None, None, -2),
    None,
    ...,
    (0, 1),
    (..., 0),
    (slice(None), None, 2),
    (0, ..., slice(1, 3)),
    [0, 1, 1],
    np.array([[0, 1], [1, 0]]),
    (slice(None), [0, 2], slice(None)),
    (slice(None), [0, 2], [1, 1]),
    ([0, 1], slice(None), [1, 1]),
    ([0, 1], ..., [1, 1]),
    (0, slice(None), [1, 3]),
    (slice(None), 0, [1, 3]),
    (None, [0, 1], None, [0, 1]),
    ([[0], [1]], [0, 1, 2]),
    np.array([True, False]),
    (slice(None), np.array([True, False, True])),
    np.ones((2, 3), bool),
    (..., np.array([True, False, True, True])),
    np.int64(1),
    (np.array(1), slice(None), np.array(2)),
    True,
    (slice(None), False, 0),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_getitem_agrees_with_numpy(key):
    x = np.zeros((2, 3, 4))
    assert E.getitem(f32(2, 3, 4), key).shape == x[key].shape


def test_getitem_of_unknown_sizes():
    x = f32(None, 5, None)
    assert E.getitem(x, (slice(None), 0)).shape == (None, None)
    assert E.getitem(x, (slice(None), slice(1, 3))).shape == (None, 2, None)
    assert E.getitem(x, 7).shape == (5, None)
    assert E.getitem(x, (slice(None), slice(None), slice(0, 3))).shape == (None, 5, None)
    assert E.getitem(x, (slice(None), i32(7))).shape == (None, 7, None)
    assert E.getitem(x, (i32(), slice(None), i32(4))).shape == (4, 5)
    assert E.getitem(x, i32()).shape == (5, None)
    assert E.getitem(x, (slice(None), slice(i32(), None))).shape == (None, None, None)
    assert E.getitem(x, flag(None, 5)).shape == (None, None)


sizes = st.integers(1, 4)


@st.composite
def _broadcasting(draw):
    whole = draw(st.lists(sizes, min_size=0, max_size=4))

    def pick():
        return tuple(1 if draw(st.booleans()) else n for n in whole)[draw(st.integers(0, len(whole))) :]

    return pick(), pick()


@given(_broadcasting())
def test_broadcast_agrees_with_numpy(pair):
    assert shapes.broadcast("add", *pair) == np.broadcast_shapes(*pair)


@given(_broadcasting(), st.data())
def test_what_is_unknown_in_stays_right(pair, data):
    """Hiding sizes may hide sizes of the result, and changes none."""
    truth = np.broadcast_shapes(*pair)
    hidden = [tuple(None if data.draw(st.booleans()) else n for n in shape) for shape in pair]
    for known, size in zip(truth, shapes.broadcast("add", *hidden), strict=True):
        # An unknown size beside 2 may be 1 or 2; the result is 2 either way. Beside 1 it stays unknown.
        assert size in (None, known)


slices = st.builds(slice, *[st.none() | st.integers(-5, 5)] * 2, st.none() | st.integers(-3, 3).filter(bool))


@given(st.lists(slices | st.none() | st.integers(-2, 1), max_size=5), st.booleans())
def test_basic_indexing_agrees_with_numpy(parts, dots):
    x = np.zeros((2, 3, 2, 4))
    key = (*parts, ...) if dots else tuple(parts)
    try:
        expected = x[key].shape
    except IndexError:
        with pytest.raises(ShapeError):
            shapes.indexed(x.shape, key)
        return
    assert shapes.indexed(x.shape, key) == expected


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2), st.integers(1, 3), st.integers(1, 3))
def test_slid_counts_the_places_of_a_window(size, window, stride, low, high, dilation, spread):
    elements = (size - 1) * spread + 1 + low + high
    places = [start for start in range(0, elements, stride) if start + dilation * (window - 1) < elements]
    arguments = ("conv", (None, size, 1), (window,), (stride,), ((low, high),), (dilation,), (spread,))
    if places:
        assert shapes.slid(*arguments) == (len(places),)
    else:
        with pytest.raises(ShapeError):
            shapes.slid(*arguments)


@pytest.mark.parametrize(
    ("subscripts", "operands"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("...ij,...jk->...ik", [(5, 1, 2, 3), (7, 3, 4)]),
        ("i...->...", [(2, 3, 4)]),
        ("ii->i", [(3, 3)]),
        ("bthd,bshd->bhts", [(2, 3, 4, 5), (2, 6, 4, 5)]),
        ("ab,b,b->a", [(2, 3), (3,), (3,)]),
        ("ab -> ba", [(2, 3)]),
        (",->", [(), ()]),
        ("ij,ij->ij", [(1, 3), (2, 3)]),
    ],
)
def test_einsum_agrees_with_numpy(subscripts, operands):
    expected = np.einsum(subscripts, *(np.zeros(shape) for shape in operands)).shape
    assert shapes.einsum(subscripts, operands) == expected


# --- verbs, control flow, recurrences --------------------------------------------------------------------


def test_gradients_are_like_the_variables():
    weights = [f32(3, 4), f32(4)]
    (value, aux), gradients = E.value_and_grad(lambda: (f32(), "aux"), weights)
    assert (value, aux, gradients) == (f32(), "aux", weights)
    (value, _), gradients = E.tensor_value_and_grad(lambda x, y: (E.sum(E.matmul(x, y), None, False), None), [f32(None, 3), f32(3)])
    assert (value, gradients) == (f32(), [f32(None, 3), f32(3)])


def test_functions_of_functions_give_what_the_function_gives():
    assert E.compile(E.relu)(f32(2)) == f32(2)
    assert E.remat(lambda x: E.sum(x, None, False))(f32(2)) == f32()
    assert E.custom_gradient(lambda x: (E.exp(x), lambda g: g))(f32(2)) == f32(2)


def test_abstract_eval_describes_arrays_and_runs_on_itself():
    def fn(x, y, n):
        assert registry.current() is E
        return {"sum": E.add(x, y), "n": n}

    assert E.abstract_eval(fn, f32(None, 3), np.zeros((3,), "float32"), 7) == {"sum": f32(None, 3), "n": 7}


def test_cond_joins_its_branches():
    assert E.cond(flag(), lambda: (f32(None, 3), 1), lambda: (f32(2, 3), 1)) == (f32(None, 3), 1)


def test_while_loop_forgets_sizes_that_change():
    def body(i, x):
        return E.add(i, 1), E.concatenate([x, f32(1, 3)], 0)

    assert E.while_loop(lambda i, x: E.less(i, 5), body, (i32(), f32(2, 3)), None) == (i32(), f32(None, 3))


def test_scan_stacks():
    def body(carry, x):
        carry = E.add(carry, x["a"])
        return carry, (carry, E.sum(x["b"], None, False))

    xs = {"a": f32(None, 3), "b": f32(7, 2)}
    assert E.scan(body, f32(3), xs, 7, False, 1) == (f32(3), (f32(7, 3), f32(7)))


def test_vectorized_map():
    assert E.vectorized_map(lambda x, y: E.matmul(x, y), f32(None, 2, 3), f32(5, 3, 4)) == f32(5, 2, 4)


def test_recurrences():
    x, h = f32(None, 7, 3), f32(None, 4)
    assert E.lstm(x, h, h, f32(3, 16), f32(4, 16), f32(16)) == (f32(None, 7, 4), h, h)
    assert E.lstm(x, h, h, f32(3, 16), f32(4, 16), None, return_sequences=False) == (h, h, h)
    assert E.gru(f32(2, None, 3), h, f32(3, 12), f32(4, 12), None, None) == (f32(2, None, 4), f32(2, 4))
    assert E.simple_rnn(x, h, f32(3, 4), f32(4, 4), f32(4)) == (f32(None, 7, 4), h)


def test_rnn_walks_one_step():
    steps = []

    def step(x, states):
        steps.append(x)
        return {"y": E.matmul(x, f32(3, 5))}, [E.add(states[0], 1.0)]

    last, outputs, states = E.rnn(step, f32(2, None, 3), [f32(2, 4)])
    assert steps == [f32(2, 3)]
    assert (last, outputs, states) == ({"y": f32(2, 5)}, {"y": f32(2, None, 5)}, [f32(2, 4)])
    assert E.rnn(step, f32(2, 9, 3), [f32(2, 4)], return_sequences=False)[1] is None
