"""Which module of Amalthea stands behind a module of Keras."""

from __future__ import annotations

# Modules of older releases of Keras, all of whose public names have moved.
MOVED = {
    "utils.np_utils": "utils",
    "utils.data_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.io_utils": "utils",
    "utils.layer_utils": "utils",
    "utils.vis_utils": "utils",
    "layers.advanced_activations": "layers",
    "layers.convolutional": "layers",
    "layers.core": "layers",
    "layers.embeddings": "layers",
    "layers.merge": "layers",
    "layers.noise": "layers",
    "layers.normalization": "layers",
    "layers.pooling": "layers",
    "layers.recurrent": "layers",
    "layers.wrappers": "layers",
    "optimizers.legacy": "optimizers",
}

# Modules that hold nothing but names of other modules: name -> (module, name there).
GATHERED: dict[str, dict[str, tuple[str, str]]] = {
    "preprocessing": {},
    "preprocessing.sequence": {"pad_sequences": ("utils", "pad_sequences")},
    "mixed_precision": {
        "DTypePolicy": ("dtype_policies", "DTypePolicy"),
        "LossScaleOptimizer": ("optimizers", "LossScaleOptimizer"),
        "Policy": ("dtype_policies", "DTypePolicy"),
        "dtype_policy": ("config", "dtype_policy"),
        "global_policy": ("config", "dtype_policy"),
        "set_dtype_policy": ("config", "set_dtype_policy"),
        "set_global_policy": ("config", "set_dtype_policy"),
    },
    "legacy": {},
    "legacy.saving": {
        "deserialize_keras_object": ("saving", "deserialize_keras_object"),
        "serialize_keras_object": ("saving", "serialize_keras_object"),
    },
    "utils.legacy": {
        "deserialize_keras_object": ("saving", "deserialize_keras_object"),
        "serialize_keras_object": ("saving", "serialize_keras_object"),
    },
}


def part_of(name: str) -> str:
    """A module's name without "keras." (and without "api.", under which Keras has all its modules a second time).

    Example:
        >>> part_of("keras.layers"), part_of("keras.api.layers")
        ('layers', 'layers')
    """
    return name.removeprefix("keras").removeprefix(".").removeprefix("api.")
