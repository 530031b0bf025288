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


# Under what names the modules of Keras can be imported. The longer of two that begin alike stands first.
# TensorFlow loads `tf.keras` lazily, as `keras._tf_keras.keras`; `import tensorflow.keras` asks for that name itself.
ROOTS = ("tensorflow.keras", "keras._tf_keras.keras", "keras._tf_keras", "keras.api", "keras")


def part_of(name: str) -> str | None:
    """A module's name below `keras`, under whichever of its names Keras is imported; None if it is not in Keras.

    Example:
        >>> part_of("keras.layers"), part_of("keras.api.layers"), part_of("tensorflow.keras.layers")
        ('layers', 'layers', 'layers')
        >>> part_of("keras"), part_of("tensorflow.math")
        ('', None)
    """
    for root in ROOTS:
        if f"{name}.".startswith(f"{root}."):
            return name.removeprefix(root).removeprefix(".")
    return None
