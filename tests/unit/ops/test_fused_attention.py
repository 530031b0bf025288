"""What becomes of fused attention when it is not wanted."""

import numpy as np
import pytest

import amalthea
from amalthea import config, layers, ops
from amalthea.testing.choice import engines_to_test

X = np.random.default_rng(1).normal(size=(2, 5, 4, 8)).astype("float32")


@pytest.mark.skipif("torch" not in engines_to_test(), reason="needs PyTorch")
def test_no_fused_kernel_where_it_is_disabled(monkeypatch):
    import torch

    calls = []
    kernel = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", lambda *args, **kwargs: calls.append(1) or kernel(*args, **kwargs))
    with amalthea.engine("torch"):
        fused = ops.dot_product_attention(X, X, X, is_causal=True)
        assert len(calls) == 1
        plain = ops.dot_product_attention(X, X, X, is_causal=True, flash_attention=False)
        config.disable_flash_attention()
        try:
            disabled = ops.dot_product_attention(X, X, X, is_causal=True)
            layers.MultiHeadAttention(2, 4)(X[:, :, 0], X[:, :, 0])
            assert len(calls) == 1
            ops.dot_product_attention(X, X, X, is_causal=True, flash_attention=True)
            layers.MultiHeadAttention(2, 4, flash_attention=True)(X[:, :, 0], X[:, :, 0])
            assert len(calls) == 3
        finally:
            config.enable_flash_attention()
        np.testing.assert_allclose(plain, fused, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(plain, disabled)


def test_unfused_attention_is_described():
    query, key = amalthea.KerasTensor((None, None, 4, 8)), amalthea.KerasTensor((None, 6, 2, 8))
    assert ops.dot_product_attention(query, key, key, flash_attention=False).shape == (None, None, 4, 8)
