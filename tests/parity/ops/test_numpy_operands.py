"""NumPy's scalars and arrays of 64 bits beside tensors: what is described and what is computed, as in Keras."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea.dtypes import standardize_dtype

OPERANDS = {
    "float64 scalar": np.sqrt(4.0),
    "float64 array": np.array([1.0, 2.0, 3.0]),
    "float64 array without axes": np.array(2.0),
    "int64 scalar": np.int64(2),
    "int64 array": np.array([1, 2, 3]),
    "uint32 array": np.array([1, 2, 3], "uint32"),
}
DTYPES = ["float32", "float16", "bfloat16", "int32", "int8", "bool"]
OPERATIONS = ["multiply", "add", "divide", "maximum"]


def results(module, dtype, operand):
    """The dtypes of all operations on a tensor, then on a symbolic one; with operands both ways round."""

    def found(tensor):
        both = [getattr(module.ops, name)(*pair) for name in OPERATIONS for pair in ((tensor, operand), (operand, tensor))]
        return [standardize_dtype(x.dtype) for x in (*both, tensor * operand, tensor / operand)]

    return found(module.ops.ones((2, 3), dtype=dtype)), found(module.KerasTensor((None, 3), dtype=dtype))


@pytest.mark.parametrize("operand", OPERANDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype, operand):
    computed, described = results(amalthea, dtype, OPERANDS[operand])
    assert computed == described
    assert (computed, described) == results(keras, dtype, OPERANDS[operand])


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_a_scalar_of_numpy_asks_for_floatx_on_every_engine(dtype):
    with amalthea.engine("numpy"):
        computed = amalthea.ops.multiply(amalthea.ops.ones((3,), dtype=dtype), np.sqrt(2.0))
        described = amalthea.ops.multiply(amalthea.KerasTensor((3,), dtype=dtype), np.sqrt(2.0))
    np.testing.assert_allclose(computed, 2**0.5 * np.ones(3), rtol=1e-6)
    assert (standardize_dtype(computed.dtype), described.dtype) == ("float32", "float32")


def test_engines_that_keep_64_bits_say_so():
    with amalthea.engine("numpy"):
        computed = amalthea.ops.add(amalthea.ops.ones((3,)), np.ones(3))
        described = amalthea.ops.add(amalthea.KerasTensor((3,)), np.ones(3))
    assert (standardize_dtype(computed.dtype), described.dtype) == ("float64", "float64")


@pytest.mark.parametrize("operand", [np.sqrt(4.0), np.array([1.0, 2.0, 3.0]), np.int64(2)])
def test_a_model_computes_what_it_describes(operand):
    for module in (amalthea, keras):
        inputs = module.Input((3,))
        outputs = inputs * operand
        model = module.Model(inputs, outputs)
        result = model(np.ones((2, 3), "float32"))
        assert standardize_dtype(result.dtype) == standardize_dtype(outputs.dtype) == "float32"
        np.testing.assert_allclose(result, np.ones((2, 3)) * operand)
