"""Unit tests of operations run on the NumPy engine, which needs no compilation; gradients are taken on an engine that trains."""

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.engines import registry


@pytest.fixture(autouse=True)
def _numpy_engine():
    with amalthea.config.engine("numpy"):
        yield


@pytest.fixture
def gradient():
    """`gradient(fn, *arrays)`: the gradients of the sum of `fn(*tensors)`."""

    def of(fn, *arrays):
        with amalthea.config.engine("jax"):
            tensors = [ops.convert_to_tensor(array) for array in arrays]
            _, gradients = registry.current().tensor_value_and_grad(lambda *xs: (ops.sum(fn(*xs)), ()), tensors)
            return [np.asarray(g) for g in gradients]

    return of
