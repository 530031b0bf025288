"""Operations in graphs, by the names that Keras has for them: a class for each function, whose arguments are split in two.

Keras writes a call of a function as an object: what the class is made with stands in its `config`, what it is called with (tensors, as a rule)
in the node. Here a function is all there is, so a table says which of its arguments belong to the call; all others belong to the class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from amalthea import config, tree
from amalthea.errors import nearest, shown
from amalthea.graph.keras_tensor import KerasTensor, is_symbolic
from amalthea.graph.node import Node
from amalthea.graph.operation import OpCall
from amalthea.saving.faults import at, refused
from amalthea.saving.limits import LIMITS, Limits, beyond

# Keras's class of an operation -> the function, and those of its arguments that belong to the call; by the module of `keras.src`.
_TABLE = {
    "activations.activations": {
        "ReLU": "relu(x)",
    },
    "ops.core": {
        "AssociativeScan": "associative_scan(f, elems)",
        "Cast": "cast(x)",
        "Cond": "cond(pred, true_fn, false_fn)",
        "ConvertToTensor": "convert_to_tensor(x)",
        "ForiLoop": "fori_loop(init_val)",
        "Map": "map(f, xs)",
        "SaturateCast": "saturate_cast(x)",
        "Scan": "scan(f, init, xs)",
        "Scatter": "scatter(indices, values)",
        "ScatterUpdate": "scatter_update(inputs, indices, updates)",
        "Slice": "slice(inputs, start_indices)",
        "SliceUpdate": "slice_update(inputs, start_indices, updates)",
        "StopGradient": "stop_gradient(variable)",
        "Switch": "switch(index, branches, *operands)",
        "Unstack": "unstack(x)",
        "VectorizedMap": "vectorized_map(elements)",
        "WhileLoop": "while_loop(loop_vars)",
    },
    "ops.einops": {
        "Rearrange": "rearrange(tensor, pattern, **axes_lengths)",
    },
    "ops.image": {
        "AffineTransform": "affine_transform(images, transform)",
        "CropImages": "crop_images(images)",
        "ElasticTransform": "elastic_transform(images)",
        "ExtractPatches": "extract_patches(images)",
        "GaussianBlur": "gaussian_blur(images)",
        "HSVToRGB": "hsv_to_rgb(images)",
        "MapCoordinates": "map_coordinates(inputs, coordinates)",
        "PadImages": "pad_images(images)",
        "PerspectiveTransform": "perspective_transform(images, start_points, end_points)",
        "RGBToGrayscale": "rgb_to_grayscale(images)",
        "RGBToHSV": "rgb_to_hsv(images)",
        "Resize": "resize(images)",
        "SSIM": "ssim(image1, image2)",
        "ScaleAndTranslate": "scale_and_translate(images, output_shape, scale, translation)",
        "SobelEdges": "sobel_edges(images)",
    },
    "ops.linalg": {
        "Cholesky": "cholesky(x)",
        "CholeskyInverse": "cholesky_inverse(x)",
        "Det": "det(x)",
        "Eig": "eig(x)",
        "Eigh": "eigh(x)",
        "Inv": "inv(x)",
        "JVP": "jvp(fun, primals, tangents)",
        "Lstsq": "lstsq(a, b)",
        "LuFactor": "lu_factor(x)",
        "MatrixRank": "matrix_rank(x)",
        "Norm": "norm(x)",
        "Pinv": "pinv(x)",
        "Qr": "qr(x)",
        "SVD": "svd(x)",
        "Solve": "solve(a, b)",
        "SolveTriangular": "solve_triangular(a, b)",
    },
    "ops.math": {
        "CDist": "cdist(x, y)",
        "Erf": "erf(x)",
        "Erfc": "erfc(x)",
        "Erfinv": "erfinv(x)",
        "ExtractSequences": "extract_sequences(x)",
        "FFT": "fft(x)",
        "FFT2": "fft2(x)",
        "IFFT2": "ifft2(x)",
        "IRFFT": "irfft(x)",
        "ISTFT": "istft(x)",
        "InTopK": "in_top_k(targets, predictions)",
        "Logdet": "logdet(x)",
        "Logsumexp": "logsumexp(x)",
        "RFFT": "rfft(x)",
        "Rsqrt": "rsqrt(x)",
        "STFT": "stft(x)",
        "SegmentMax": "segment_max(data, segment_ids)",
        "SegmentMin": "segment_min(data, segment_ids)",
        "SegmentProd": "segment_prod(data, segment_ids)",
        "SegmentSum": "segment_sum(data, segment_ids)",
        "TopK": "top_k(x)",
        "ViewAsComplex": "view_as_complex(x)",
        "ViewAsReal": "view_as_real(x)",
    },
    "ops.nn": {
        "AdaptiveAveragePool": "adaptive_average_pool(inputs)",
        "AdaptiveMaxPool": "adaptive_max_pool(inputs)",
        "AveragePool": "average_pool(inputs)",
        "BatchNorm": "batch_normalization(x, mean, variance, offset, scale)",
        "BinaryCrossentropy": "binary_crossentropy(target, output)",
        "CTCDecode": "ctc_decode(inputs, sequence_lengths)",
        "CTCLoss": "ctc_loss(target, output, target_length, output_length)",
        "CategoricalCrossentropy": "categorical_crossentropy(target, output)",
        "Celu": "celu(x)",
        "Conv": "conv(inputs, kernel)",
        "ConvTranspose": "conv_transpose(inputs, kernel)",
        "DepthToSpace": "depth_to_space(x)",
        "DepthwiseConv": "depthwise_conv(inputs, kernel)",
        "DotProductAttention": "dot_product_attention(query, key, value, bias, mask, scale)",
        "Elu": "elu(x)",
        "Fold": "fold(x)",
        "Gelu": "gelu(x)",
        "Glu": "glu(x)",
        "HardShrink": "hard_shrink(x)",
        "HardSigmoid": "hard_sigmoid(x)",
        "HardSilu": "hard_silu(x)",
        "HardTanh": "hard_tanh(x)",
        "LayerNorm": "layer_normalization(x, gamma, beta)",
        "LeakyRelu": "leaky_relu(x)",
        "LogSigmoid": "log_sigmoid(x)",
        "LogSoftmax": "log_softmax(x)",
        "MaxPool": "max_pool(inputs)",
        "Moments": "moments(x)",
        "MultiHot": "multi_hot(inputs)",
        "Normalize": "normalize(x)",
        "OneHot": "one_hot(x)",
        "PSNR": "psnr(x1, x2)",
        "Polar": "polar(abs_, angle)",
        "RMSNorm": "rms_normalization(x, scale)",
        "Relu": "relu(x)",
        "Relu6": "relu6(x)",
        "Selu": "selu(x)",
        "SeparableConv": "separable_conv(inputs, depthwise_kernel, pointwise_kernel)",
        "Sigmoid": "sigmoid(x)",
        "Silu": "silu(x)",
        "SoftShrink": "soft_shrink(x)",
        "Softmax": "softmax(x)",
        "Softplus": "softplus(x)",
        "Softsign": "softsign(x)",
        "SpaceToDepth": "space_to_depth(x)",
        "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy(target, output)",
        "SparsePlus": "sparse_plus(x)",
        "SparseSigmoid": "sparse_sigmoid(x)",
        "Sparsemax": "sparsemax(x)",
        "Squareplus": "squareplus(x)",
        "TanhShrink": "tanh_shrink(x)",
        "Threshold": "threshold(x)",
        "Unfold": "unfold(x)",
    },
    "ops.numpy": {
        "Abs": "abs(x)",
        "Absolute": "absolute(x)",
        "Add": "add(x1, x2)",
        "All": "all(x)",
        "AllClose": "allclose(x1, x2)",
        "Amax": "amax(x)",
        "Amin": "amin(x)",
        "Angle": "angle(x)",
        "Any": "any(x)",
        "Append": "append(x1, x2)",
        "Arange": "arange(start, stop, step)",
        "Arccos": "arccos(x)",
        "Arccosh": "arccosh(x)",
        "Arcsin": "arcsin(x)",
        "Arcsinh": "arcsinh(x)",
        "Arctan": "arctan(x)",
        "Arctan2": "arctan2(x1, x2)",
        "Arctanh": "arctanh(x)",
        "Argmax": "argmax(x)",
        "Argmin": "argmin(x)",
        "Argpartition": "argpartition(x)",
        "Argsort": "argsort(x)",
        "Array": "array(x)",
        "ArraySplit": "array_split(x)",
        "Average": "average(x, weights)",
        "Bincount": "bincount(x)",
        "BitwiseAnd": "bitwise_and(x, y)",
        "BitwiseInvert": "bitwise_invert(x)",
        "BitwiseLeftShift": "bitwise_left_shift(x, y)",
        "BitwiseNot": "bitwise_not(x)",
        "BitwiseOr": "bitwise_or(x, y)",
        "BitwiseRightShift": "bitwise_right_shift(x, y)",
        "BitwiseXor": "bitwise_xor(x, y)",
        "BroadcastTo": "broadcast_to(x)",
        "Cbrt": "cbrt(x)",
        "Ceil": "ceil(x)",
        "Clip": "clip(x)",
        "Concatenate": "concatenate(xs)",
        "Conj": "conj(x)",
        "Conjugate": "conjugate(x)",
        "Copy": "copy(x)",
        "Corrcoef": "corrcoef(x)",
        "Correlate": "correlate(x1, x2)",
        "Cos": "cos(x)",
        "Cosh": "cosh(x)",
        "CountNonzero": "count_nonzero(x)",
        "Cross": "cross(x1, x2)",
        "Cumprod": "cumprod(x)",
        "Cumsum": "cumsum(x)",
        "Deg2rad": "deg2rad(x)",
        "Diag": "diag(x)",
        "Diagflat": "diagflat(x)",
        "Diagonal": "diagonal(x)",
        "Diff": "diff(a)",
        "Digitize": "digitize(x, bins)",
        "Divide": "divide(x1, x2)",
        "DivideNoNan": "divide_no_nan(x1, x2)",
        "Dot": "dot(x1, x2)",
        "Dsplit": "dsplit(x)",
        "Dstack": "dstack(xs)",
        "Einsum": "einsum(*operands, **kwargs)",
        "EmptyLike": "empty_like(x)",
        "Equal": "equal(x1, x2)",
        "Exp": "exp(x)",
        "Exp2": "exp2(x)",
        "ExpandDims": "expand_dims(x)",
        "Expm1": "expm1(x)",
        "Fabs": "fabs(x)",
        "Flip": "flip(x)",
        "Fliplr": "fliplr(x)",
        "Flipud": "flipud(x)",
        "Floor": "floor(x)",
        "FloorDivide": "floor_divide(x1, x2)",
        "Fmax": "fmax(x1, x2)",
        "Fmin": "fmin(x1, x2)",
        "Fmod": "fmod(x1, x2)",
        "Full": "full(fill_value)",
        "FullLike": "full_like(x, fill_value)",
        "Gcd": "gcd(x1, x2)",
        "Geomspace": "geomspace(start, stop)",
        "GetItem": "get_item(x, key)",
        "Greater": "greater(x1, x2)",
        "GreaterEqual": "greater_equal(x1, x2)",
        "Heaviside": "heaviside(x1, x2)",
        "Histogram": "histogram(x)",
        "Hsplit": "hsplit(x)",
        "Hstack": "hstack(xs)",
        "Hypot": "hypot(x1, x2)",
        "I0": "i0(x)",
        "Imag": "imag(x)",
        "Inner": "inner(x1, x2)",
        "IsIn": "isin(x1, x2)",
        "Isclose": "isclose(x1, x2, rtol, atol)",
        "Isfinite": "isfinite(x)",
        "Isinf": "isinf(x)",
        "Isnan": "isnan(x)",
        "Isneginf": "isneginf(x)",
        "Isposinf": "isposinf(x)",
        "Isreal": "isreal(x)",
        "Kron": "kron(x1, x2)",
        "Lcm": "lcm(x1, x2)",
        "Ldexp": "ldexp(x1, x2)",
        "LeftShift": "left_shift(x, y)",
        "Less": "less(x1, x2)",
        "LessEqual": "less_equal(x1, x2)",
        "Linspace": "linspace(start, stop)",
        "Log": "log(x)",
        "Log10": "log10(x)",
        "Log1p": "log1p(x)",
        "Log2": "log2(x)",
        "Logaddexp": "logaddexp(x1, x2)",
        "Logaddexp2": "logaddexp2(x1, x2)",
        "LogicalAnd": "logical_and(x1, x2)",
        "LogicalNot": "logical_not(x)",
        "LogicalOr": "logical_or(x1, x2)",
        "LogicalXor": "logical_xor(x1, x2)",
        "Logspace": "logspace(start, stop)",
        "Matmul": "matmul(x1, x2)",
        "Max": "max(x)",
        "Maximum": "maximum(x1, x2)",
        "Mean": "mean(x)",
        "Median": "median(x)",
        "Meshgrid": "meshgrid(*x)",
        "Min": "min(x)",
        "Minimum": "minimum(x1, x2)",
        "Mod": "mod(x1, x2)",
        "Moveaxis": "moveaxis(x)",
        "Multiply": "multiply(x1, x2)",
        "NanToNum": "nan_to_num(x)",
        "Nanargmax": "nanargmax(x)",
        "Nanargmin": "nanargmin(x)",
        "Nancumprod": "nancumprod(x)",
        "Nancumsum": "nancumsum(x)",
        "Nanmax": "nanmax(x)",
        "Nanmean": "nanmean(x)",
        "Nanmedian": "nanmedian(x)",
        "Nanmin": "nanmin(x)",
        "Nanpercentile": "nanpercentile(x, q)",
        "Nanprod": "nanprod(x)",
        "Nanquantile": "nanquantile(x, q)",
        "Nanstd": "nanstd(x)",
        "Nansum": "nansum(x)",
        "Nanvar": "nanvar(x)",
        "Negative": "negative(x)",
        "Nextafter": "nextafter(x1, x2)",
        "Nonzero": "nonzero(x)",
        "NotEqual": "not_equal(x1, x2)",
        "OnesLike": "ones_like(x)",
        "Outer": "outer(x1, x2)",
        "Pad": "pad(x, constant_values)",
        "Percentile": "percentile(x, q)",
        "Power": "power(x1, x2)",
        "Prod": "prod(x)",
        "Ptp": "ptp(x)",
        "Quantile": "quantile(x, q)",
        "Rad2deg": "rad2deg(x)",
        "Ravel": "ravel(x)",
        "Real": "real(x)",
        "Reciprocal": "reciprocal(x)",
        "Repeat": "repeat(x)",
        "Reshape": "reshape(x)",
        "RightShift": "right_shift(x, y)",
        "Roll": "roll(x)",
        "Rot90": "rot90(array)",
        "Round": "round(x)",
        "SearchSorted": "searchsorted(sorted_sequence, values)",
        "Select": "select(condlist, choicelist, default)",
        "Sign": "sign(x)",
        "Signbit": "signbit(x)",
        "Sin": "sin(x)",
        "Sinc": "sinc(x)",
        "Sinh": "sinh(x)",
        "Slogdet": "slogdet(x)",
        "Sort": "sort(x)",
        "Split": "split(x)",
        "Sqrt": "sqrt(x)",
        "Square": "square(x)",
        "Squeeze": "squeeze(x)",
        "Stack": "stack(x)",
        "Std": "std(x)",
        "Subtract": "subtract(x1, x2)",
        "Sum": "sum(x)",
        "Swapaxes": "swapaxes(x)",
        "Take": "take(x, indices)",
        "TakeAlongAxis": "take_along_axis(x, indices)",
        "Tan": "tan(x)",
        "Tanh": "tanh(x)",
        "Tensordot": "tensordot(x1, x2)",
        "Tile": "tile(x)",
        "Trace": "trace(x)",
        "Transpose": "transpose(x)",
        "Trapezoid": "trapezoid(y)",
        "Tril": "tril(x)",
        "Triu": "triu(x)",
        "TrueDivide": "true_divide(x1, x2)",
        "Trunc": "trunc(x)",
        "Unique": "unique(x)",
        "UnravelIndex": "unravel_index(indices)",
        "Vander": "vander(x)",
        "Var": "var(x)",
        "Vdot": "vdot(x1, x2)",
        "View": "view(x)",
        "Vsplit": "vsplit(x)",
        "Vstack": "vstack(xs)",
        "Where": "where(condition, x1, x2)",
        "ZerosLike": "zeros_like(x)",
    },
}
# Functions that Keras writes under the class of another, which then reads what it is by its arguments.
_SHARED = {"extract_patches_3d": ("ops.image", "ExtractPatches", ("volumes",))}
# Keys of a configuration that the function takes besides its named arguments.
_MORE = {"LayerNorm": ("rms_scaling",)}
# Functions that Keras has no class for are written under a module of our own.
_OURS, _OUR_CLASS = "amalthea.ops", "OpCall"
_PREFIX = "keras.src."
_MODULES = (f"{_PREFIX}ops.", f"{_PREFIX}activations.")
# Arguments that say how many tensors come out, or how often something is done.
_COUNTS = ("indices_or_sections", "n", "num")
# Operations that take an axis apart, or take turns along it.
_TURNS = frozenset({"AssociativeScan", "ForiLoop", "Map", "Scan", "Unstack", "WhileLoop"})
# Operations that make arrays as long as an axis or an argument on the host, even for symbolic tensors: indices, windows, kernels.
_ON_HOST = frozenset(
    {
        "AdaptiveAveragePool",
        "AdaptiveMaxPool",
        "AffineTransform",
        "ElasticTransform",
        "ExtractPatches",
        "ExtractSequences",
        "Fold",
        "GaussianBlur",
        "ISTFT",
        "MapCoordinates",
        "PerspectiveTransform",
        "Resize",
        "SSIM",
        "STFT",
        "ScaleAndTranslate",
        "SobelEdges",
        "Unfold",
    }
)


class _Entry(NamedTuple):
    module: str
    class_name: str
    function: Callable[..., Any]
    called_with: tuple[str, ...]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters

    @property
    def made_with(self) -> list[str]:
        """The keys of its configuration, besides its name."""
        own = [name for name, p in self.parameters.items() if name not in self.called_with and p.kind is not p.VAR_KEYWORD]
        return [*own, *_MORE.get(self.class_name, ())]


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """The functions of `ops`, by name."""
    from amalthea import ops
    from amalthea.ops import image

    return {name: vars(module)[name] for module in (image, ops) for name in module.__all__ if callable(vars(module)[name])}


@cache
def _by_class() -> dict[tuple[str, str], _Entry]:
    from amalthea import activations

    found = {}
    for module, classes in _TABLE.items():
        functions = vars(activations) if module.startswith("activations") else _functions()
        for class_name, text in classes.items():
            name, _, arguments = text.rstrip(")").partition("(")
            called_with = tuple(argument.lstrip("*") for argument in arguments.split(", "))
            found[module, class_name] = _Entry(module, class_name, functions[name], called_with)
    return found


@cache
def _by_function() -> dict[Callable[..., Any], _Entry]:
    found = {entry.function: entry for entry in _by_class().values()}
    for name, (module, class_name, called_with) in _SHARED.items():
        found[_functions()[name]] = _Entry(module, class_name, _functions()[name], called_with)
    return found


@cache
def unbounded() -> frozenset[Callable[..., Any]]:
    """Functions that work along axes or counts already on symbolic tensors: in graphs their sizes are checked, elsewhere they would not be."""
    return frozenset(
        function
        for function, entry in _by_function().items()
        if entry.class_name in _ON_HOST or entry.class_name in _TURNS or _COUNTS[0] in entry.parameters
    )


def is_operation(described: Mapping[str, Any]) -> bool:
    """Whether something described is a call of a function of `ops`."""
    module = described.get("module")
    return isinstance(module, str) and (module == _OURS or module.startswith(_MODULES))


def _entry(described: Mapping[str, Any], place: str) -> _Entry:
    module, class_name = described["module"], described["class_name"]
    if module == _OURS and class_name == _OUR_CLASS:
        function = _functions().get(described["config"].get("function"))
        if function is not None:
            return _Entry(_OURS, _OUR_CLASS, function, tuple(inspect.signature(function).parameters))
        class_name = described["config"].get("function")
    found = _by_class().get((module.removeprefix(_PREFIX), class_name))
    if found is None:
        known = [name for _, name in _by_class()]
        raise refused("unknown", place, f"There is no operation {shown(class_name)} in {shown(module)}.{nearest(str(class_name), known)}")
    if class_name == "ExtractPatches" and _count(described["config"].get("size")) == 3:
        return _by_function()[_functions()["extract_patches_3d"]]
    return found


def _count(value: Any) -> int:
    return len(value) if isinstance(value, (list, tuple)) else 1


def check(described: Mapping[str, Any], place: str, limits: Limits = LIMITS) -> None:
    """Refuse an operation that is not known, or a configuration of other keys than its.

    Raises:
        ModelFileError: which, and where.
    """
    given = described["config"]
    here = at(place, "config")
    if not isinstance(given, Mapping):
        raise refused("form", here, f"The configuration of {shown(described['class_name'])} must be a dictionary. Received: {shown(given)}.")
    entry = _entry(described, place)
    if described.get("registered_name") not in (None, entry.class_name):
        raise refused("mismatch", place, f"{entry.class_name!r} is an operation; {shown(described['registered_name'])} is named as registered.")
    allowed = ["name", "function"] if entry.module == _OURS else ["name", *entry.made_with]
    for key in given:
        if key not in allowed:
            raise refused("key", at(here, key), f"{entry.class_name} knows no {shown(key)}.{nearest(str(key), allowed)}")
    for key in _COUNTS:
        if isinstance(given.get(key), int) and given[key] > limits.outputs:
            raise refused("size", at(here, key), f"It counts {given[key]:,} tensors or turns.", beyond("outputs", limits))


def describe(operation: OpCall, nodes: Sequence[Node], write: Callable[[Any], Any]) -> dict[str, Any]:
    """An operation in the form of configurations, with the arguments of its calls.

    Args:
        operation: the operation.
        nodes: its calls.
        write: makes plain values of arguments.
    """
    function = operation.function
    entry = _by_function().get(function)
    if entry is None:
        entry = _Entry(_OURS, _OUR_CLASS, function, tuple(inspect.signature(function).parameters))
        made: dict[str, Any] = {"function": function.__name__}
    else:
        made = _split(entry, nodes[0])[0]
    calls = [_split(entry, node)[1:] for node in nodes]
    return {
        "module": _OURS if entry.module == _OURS else _PREFIX + entry.module,
        "class_name": entry.class_name,
        "config": {"name": operation.name, **write(made)},
        "registered_name": None if entry.module == _OURS else entry.class_name,
        "name": operation.name,
        "inbound_nodes": [{"args": write(args), "kwargs": write(kwargs)} for args, kwargs in calls],
    }


def _split(entry: _Entry, node: Node) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """The arguments of a call: what the configuration holds, and the positional and named ones of the call."""
    bound = inspect.signature(entry.function).bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    made: dict[str, Any] = {}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = entry.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            (kwargs if name in entry.called_with else made).update(value)
        elif name == "data_format":
            # Keras's classes do not look at the settings; its functions do, before.
            made[name] = config.standardize_data_format(value)
        elif name not in entry.called_with:
            # Keras keeps no symbolic tensors in a configuration. What it then cannot read at all is an argument of the call for us.
            (kwargs if is_symbolic(value) else made)[name] = value
        elif parameter.kind is parameter.VAR_POSITIONAL:
            args += value
        else:
            args.append(value)
    return made, args, kwargs


class Restored:
    """An operation that was read: to be called with what stands in the nodes.

    Args:
        described: its description.
        made: its configuration, as values.
    """

    def __init__(self, described: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        self._entry = _entry(described, "")
        self._made = {key: value for key, value in made.items() if key in self._entry.made_with} if self._entry.module != _OURS else {}
        self.operation = OpCall(self._entry.function, name=made.get("name"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given: dict[str, Any] = {**self._made, **kwargs}
        rest = list(args)
        for name in self._entry.called_with:
            if rest and self._entry.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                given[name], rest = tuple(rest), []
            elif rest:
                given[name] = rest.pop(0)
        if rest:
            raise refused("graph", "", f"{self._entry.class_name} is called with {len(args)} arguments, too many.")
        parameters = self._entry.parameters
        further = {name: given.pop(name) for name in list(given) if name not in parameters}
        ordered = {name: given[name] for name in parameters if name in given}
        bound = inspect.BoundArguments(inspect.signature(self._entry.function), ordered)  # type: ignore[arg-type]
        _check_sizes(self._entry, bound.arguments)
        return self.operation(*bound.args, **{**bound.kwargs, **further})


def _check_sizes(entry: _Entry, arguments: Mapping[str, Any], limits: Limits = LIMITS) -> None:
    """Refuse what would take much memory or time before there are any values: to take a long axis apart, or to index one on the host."""
    class_name = _by_function().get(entry.function, entry).class_name
    for key in _COUNTS:
        if isinstance(arguments.get(key), int) and arguments[key] > limits.outputs:
            raise refused("size", "", f"`{entry.function.__name__}` would give {arguments[key]:,} tensors.", beyond("outputs", limits))
    if class_name == "Unstack" and isinstance(arguments["x"], KerasTensor):
        shape, axis = arguments["x"].shape, arguments.get("axis", 0)
        if isinstance(axis, int) and -len(shape) <= axis < len(shape) and (shape[axis] or 0) > limits.outputs:
            raise refused("size", "", f"`unstack` would give {shape[axis]:,} tensors.", beyond("outputs", limits))
    if class_name in _ON_HOST:
        leaves = tree.flatten(dict(arguments))
        sizes = [size for leaf in leaves if isinstance(leaf, KerasTensor) for size in leaf.shape if size is not None]
        largest = max([*sizes, *(leaf for leaf in leaves if isinstance(leaf, int))], default=0)
        if largest > limits.listed:
            raise refused("size", "", f"`{entry.function.__name__}` would work along {largest:,} elements.", beyond("listed", limits))
