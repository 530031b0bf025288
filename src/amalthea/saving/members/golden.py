"""Golden values: a few inputs of a model, and what its layers made of them when it was saved, so that any engine can be asked for the same.

Of outputs with many numbers a sample is kept, with figures of all of them; so what is kept stays small, whatever the model.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amalthea import dtypes, ops, tree
from amalthea.engines import registry
from amalthea.errors import ArgumentError, ModelFileError, NotBuiltError, UnsupportedByEngine, shown
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.random.seed import host_generator
from amalthea.saving.fitting import Entry
from amalthea.saving.formats import safetensors
from amalthea.saving.limits import Limits, beyond
from amalthea.saving.members import Put
from amalthea.saving.reading import json as plain
from amalthea.saving.reading import safetensors as safetensors_reader
from amalthea.saving.reading.source import Source
from amalthea.saving.variables import walk

if TYPE_CHECKING:
    from amalthea.models.verification import Verification

DESCRIPTION, TENSORS = "golden.json", "golden.safetensors"
RTOL, ATOL = 1e-3, 1e-4
_VERSION = 1
_BATCH, _UNKNOWN = 2, 32  # samples, and the size of an axis that may have any: one that can be halved often
_LARGEST = 1 << 26  # bytes of inputs
_MOST = 1 << 28  # numbers of an output
_SAMPLE = 128
_FIGURES = ("mean", "root mean square", "smallest number", "largest number")
_SPREAD = 2654435761  # a prime near 2**32 divided by the golden ratio: its multiples modulo a size are spread evenly over all axes
_COARSER = {"float16": 8.0, "bfloat16": 64.0}  # how many times more is tolerated, of the output and of all that follow
_KEYS, _ROW_KEYS = {"version", "engine", "inputs", "outputs"}, {"object", "name", "shape", "dtype"}


def owns(name: str) -> bool:
    """Whether a member of an archive belongs to the golden values."""
    return name in (DESCRIPTION, TENSORS)


@dataclass(frozen=True)
class Row:
    """One output of one layer.

    Attributes:
        object: the path of the layer among the objects of the model.
        name: the layer, for messages.
        shape: the shape of the output.
        dtype: its dtype.
    """

    object: str
    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def numbers(self) -> int:
        """How many numbers are kept of it."""
        count = math.prod(self.shape) * (2 if dtypes.is_complex(self.dtype) else 1)
        return count if count <= _SAMPLE else _SAMPLE + len(_FIGURES)


@dataclass(frozen=True)
class Description:
    """What golden values are of.

    Attributes:
        engine: the engine that computed them.
        inputs: the structure of the inputs; numbers stand for tensors.
        outputs: the outputs of the layers, in the order in which they were ready.
    """

    engine: str
    inputs: Any
    outputs: list[Row]


# --- written ---


def pour(model: Any, given: Any, put: Put) -> None:
    """Compute golden values on the engine that the model lives on, and write them.

    Args:
        model: the model, built.
        given: inputs, as the model takes them; True: they are drawn.
        put: writes a member.

    Raises:
        NotBuiltError: the model is not built.
        ArgumentError: inputs cannot be drawn, or those that were given are too large or no numbers.
    """
    if not model.built:
        raise NotBuiltError(f"{model} is not built, so it computes nothing yet. Call it on data, or `build` it with an input shape.")
    drawn = given is True
    inputs = tree.map_structure(_host, _drawn(model) if drawn else given, none_is_leaf=False)
    tensors: list[np.ndarray] = []
    structure = _described(inputs, tensors)
    if sum(tensor.nbytes for tensor in tensors) > _LARGEST:
        raise ArgumentError(f"The inputs for golden values are larger than {_LARGEST >> 20} MiB. A few samples do: `golden=inputs`.")
    if _largest(model, inputs) > _MOST:
        raise ArgumentError(
            f"Of the inputs for golden values a layer would make more than {_MOST:,} numbers. Fewer or smaller samples do: `golden=inputs`."
        )
    engine = model.engine or registry.current_name()
    try:
        rows = _outputs(model, inputs, engine)
    except UnsupportedByEngine:
        raise
    except Exception as error:
        hint = " They were drawn; give samples of your own: `golden=inputs`." if drawn else ""
        raise ArgumentError(f"The model fails on the inputs for golden values: {error}{hint}") from error
    if drawn and any(np.isnan(numbers).any() for row, numbers in rows.values() if not row.object):
        raise ArgumentError("Of the inputs that were drawn the model makes NaN, which proves nothing. Give samples of your own: `golden=inputs`.")
    described = {"version": _VERSION, "engine": engine, "inputs": structure, "outputs": [vars(row) for row, _ in rows.values()]}
    put(DESCRIPTION, json.dumps(described).encode())
    numbers = {f"outputs/{place}": numbers for place, (_, numbers) in enumerate(rows.values())}
    put(TENSORS, safetensors.encode({f"inputs/{place}": tensor for place, tensor in enumerate(tensors)} | numbers))


def _host(leaf: Any) -> Any:
    value = np.asarray(ops.convert_to_numpy(leaf) if hasattr(leaf, "dtype") and not isinstance(leaf, np.ndarray) else leaf)
    if value.dtype.kind in "OSUMm" or dtypes.standardize_dtype(value.dtype) not in safetensors.CODES:
        raise ArgumentError(f"Inputs for golden values must be numbers; received values of dtype {value.dtype}.")
    return value


def _drawn(model: Any) -> Any:
    """Inputs for a model that knows their shapes: the same ones for the same shapes, whatever the engine."""
    try:
        wanted = model.input
    except NotBuiltError as error:
        raise ArgumentError(f"{model} does not say what inputs it takes, so none can be drawn. Give a few samples: `golden=inputs`.") from error
    streams = iter(range(len(tree.flatten(wanted))))
    return tree.map_structure(lambda tensor: _draw(tensor.shape, tensor.dtype, next(streams)), wanted)


def _draw(shape: tuple[int | None, ...], dtype: str, stream: int) -> np.ndarray:
    sizes = [size if size is not None else _UNKNOWN if axis else _BATCH for axis, size in enumerate(shape)]
    draw = host_generator(0, stream)
    if dtype == "bool" or dtypes.is_int(dtype):
        return draw.integers(0, 2, sizes).astype(dtypes.numpy_dtype(dtype))  # numbers of classes, of words: these two there are nearly always
    if not (dtypes.is_float(dtype) or dtypes.is_complex(dtype)):
        raise ArgumentError(f"Golden values are numbers, but the model takes inputs of dtype {dtype}.")
    return draw.random(sizes).astype(dtypes.numpy_dtype(dtype))


def _described(structure: Any, tensors: list[np.ndarray]) -> Any:
    """A structure in the terms of JSON; its tensors go to `tensors`, and their numbers stand for them."""
    if structure is None:
        return None
    if isinstance(structure, Mapping):
        odd = next((key for key in structure if not isinstance(key, str)), None)
        if odd is not None:
            raise ArgumentError(f"The keys of inputs for golden values must be strings. Received: {odd!r}.")
        return {key: _described(part, tensors) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_described(part, tensors) for part in structure]
    tensors.append(structure)
    return len(tensors) - 1


def _largest(model: Any, inputs: Any) -> int:
    """How many numbers the largest output of a layer would have. Nothing is computed for it."""
    from amalthea.models.verification import infer

    sizes = [0]

    def note(layer: Any, tensor: Any) -> None:
        sizes.append(math.prod(size for size in tensor.shape if size is not None))

    symbols = tree.map_structure(lambda x: KerasTensor(x.shape, dtypes.standardize_dtype(x.dtype)), inputs, none_is_leaf=False)
    with suppress(Exception):  # a class of the user may need numbers; it is no stranger's
        infer(model, symbols, note)
    return max(sizes)


Rows = dict[tuple[str, int], tuple[Row, np.ndarray]]


def _outputs(model: Any, inputs: Any, engine_name: str) -> Rows:
    """What is kept of the outputs of all layers, by their objects and by which output of the object it is."""
    from amalthea.models.verification import infer

    paths = {id(part): path for path, part in walk(model)}
    rows: Rows = {}
    counts: Counter[str] = Counter()
    with registry.use(engine_name) as engine:

        def note(layer: Any, tensor: Any) -> None:
            if not engine.is_tensor(tensor):
                return
            value, path = engine.to_host(tensor), paths.get(id(layer), layer.path)
            row = Row(path, layer.path, tuple(value.shape), dtypes.standardize_dtype(tensor.dtype))
            rows[path, counts[path]] = (row, kept(value))
            counts[path] += 1

        infer(model, tree.map_structure(ops.convert_to_tensor, inputs, none_is_leaf=False), note)
    return rows


def kept(value: np.ndarray) -> np.ndarray:
    """What is kept of a tensor: its numbers, or of many a sample, with their mean, root mean square, smallest and largest.

    Example:
        >>> kept(np.array([[1, 2]])).tolist(), kept(np.ones((50, 60)))[-5:].tolist()
        ([1.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    flat = value.reshape(-1)
    numbers = np.stack([flat.real, flat.imag], axis=-1).reshape(-1) if value.dtype.kind == "c" else flat
    if numbers.size <= _SAMPLE:
        return numbers.astype("float64")
    places = np.arange(_SAMPLE, dtype="uint64") * _SPREAD % numbers.size
    sample, wide = numbers[places].astype("float64"), numbers.astype("float64")
    with np.errstate(invalid="ignore", over="ignore"):
        figures = [wide.mean(), np.sqrt(np.square(wide).mean()), wide.min(), wide.max()]
    return np.concatenate([sample, figures])


# --- read ---


class Golden:
    """Golden values of a file.

    Args:
        description: what they are of.
        tensors: their numbers.
        place: the file, for messages.
    """

    def __init__(self, description: Description, tensors: Mapping[str, Entry], place: str) -> None:
        self.description, self._tensors, self._place = description, tensors, place

    def check(self, model: Any, rtol: float = RTOL, atol: float = ATOL) -> Verification:
        """Compute them again, on the engine that the model lives on, or else on the one in use, and compare.

        Args:
            model: the model.
            rtol: the relative difference that is tolerated in single precision or better; in lower ones, and in what is computed from them, more.
            atol: the absolute difference that is tolerated besides.

        Returns:
            All comparisons.

        Raises:
            ModelFileError: an output differs; the first one in the order in which they are ready is named.
        """
        from amalthea.models.verification import Comparison, Verification

        engine = model.engine or registry.current_name()
        inputs = _restored(self.description.inputs, [self._tensors[f"inputs/{place}"].read() for place in range(self._count("inputs/"))])
        if _largest(model, inputs) > _MOST:
            raise ModelFileError("golden.large", self._place, f"Of the golden inputs a layer would make more than {_MOST:,} numbers.", _HINT)
        try:
            found = _outputs(model, inputs, engine)
        except UnsupportedByEngine:
            raise
        except Exception as error:
            raise ModelFileError("golden.run", self._place, f"The model fails on the inputs of the golden values: {shown(error)}.", _HINT) from error
        comparisons: list[Comparison] = []
        coarser, counts = 1.0, Counter[str]()
        for place, row in enumerate(self.description.outputs):
            coarser = max(coarser, _COARSER.get(row.dtype, 1.0))
            key = row.object, counts[row.object]
            counts[row.object] += 1
            if key in found:  # what an engine does in a loop of its own, or in none, another one cannot be compared in
                expected = self._tensors[f"outputs/{place}"].read()
                difference = self._compared(row, expected, *found[key], engine, rtol * coarser, atol * coarser)
                comparisons.append(Comparison(engine, "output", found[key][0].name, difference))
        if not any(row.object == "" and (row.object, 0) in found for row in self.description.outputs):
            raise ModelFileError("golden.form", self._place, "There are no golden values of the outputs of the model itself.", _HINT)
        return Verification(self.description.engine, comparisons)

    def _count(self, prefix: str) -> int:
        return sum(name.startswith(prefix) for name in self._tensors)

    def _compared(self, row: Row, expected: np.ndarray, actual: Row, numbers: np.ndarray, engine: str, rtol: float, atol: float) -> float:
        """The greatest difference in an output, in units of what is tolerated; an error, if that is more than 1."""
        from amalthea.models.verification import errors

        where = f"On the engine {engine!r}, the output of {shown(actual.name)} is not what it was on {shown(self.description.engine)}"
        if actual.shape != row.shape:
            raise ModelFileError("golden.differs", self._place, f"{where}: its shape is {actual.shape}, not {row.shape}.", _HINT)
        scaled = errors(numbers, expected, rtol, atol)
        if scaled.max(initial=0.0) > 1:
            worst = int(scaled.argmax())
            figure = "a number" if worst < _SAMPLE else f"the {_FIGURES[worst - _SAMPLE]}"
            raise ModelFileError(
                "golden.differs",
                self._place,
                f"{where}: {figure} is {numbers[worst]:.7g}, not {expected[worst]:.7g}. "
                f"Tolerated are {atol:g} and {rtol:g} of the number; layers before it agree.",
                _HINT,
            )
        return float(scaled.max(initial=0.0))


def read(description: bytes | bytearray, tensors: Source, limits: Limits, place: str) -> Golden:
    """The golden values in two members.

    Raises:
        ModelFileError: they are damaged, or do not belong together.
    """
    found = parse(description, limits, f"{place}, {DESCRIPTION}")
    entries = safetensors_reader.read(tensors, limits)
    leaves = _leaves(found.inputs)
    wanted = {f"outputs/{number}": ((row.numbers,), "float64") for number, row in enumerate(found.outputs)}
    names = {f"inputs/{number}" for number in range(len(leaves))} | wanted.keys()
    if sorted(leaves) != list(range(len(leaves))) or names != entries.keys():
        raise ModelFileError("golden.form", place, "The golden values are not those that their description names.", _HINT)
    odd = next((name for name, (shape, dtype) in wanted.items() if (entries[name].shape, entries[name].dtype.name) != (shape, dtype)), None)
    if odd is not None:
        raise ModelFileError("golden.form", place, f"The golden values {shown(odd)} do not have the shape and the dtype that they must have.", _HINT)
    if sum(math.prod(entry.shape) * entry.dtype.itemsize for name, entry in entries.items() if name not in wanted) > _LARGEST:
        raise ModelFileError("golden.large", place, f"The inputs of the golden values are larger than {_LARGEST >> 20} MiB.", _HINT)
    return Golden(found, entries, place)


def parse(data: bytes | bytearray, limits: Limits, place: str) -> Description:
    """What the description says.

    Raises:
        ModelFileError: it is damaged, or of a later version.
    """
    found = plain.parse(data, limits, place)
    if not isinstance(found, dict) or found.get("version") != _VERSION:
        raise ModelFileError("golden.form", place, f"These are no golden values of version {_VERSION}.", "A later release may read them.")
    if found.keys() != _KEYS or not isinstance(found["engine"], str) or not isinstance(found["outputs"], list):
        raise ModelFileError("golden.form", place, "The golden values are not of the form that they must have.", _HINT)
    if len(found["outputs"]) > limits.objects:
        raise ModelFileError("golden.many", place, f"There are golden values of {len(found['outputs'])} outputs.", beyond("objects", limits))
    if any(type(leaf) is not int for leaf in _leaves(found["inputs"])):
        raise ModelFileError("golden.form", place, "The inputs of the golden values are no structure of tensors.", _HINT)
    return Description(found["engine"], found["inputs"], [_row(row, limits, place) for row in found["outputs"]])


def _row(found: Any, limits: Limits, place: str) -> Row:
    if isinstance(found, dict) and found.keys() == _ROW_KEYS and all(isinstance(found[key], str) for key in ("object", "name", "dtype")):
        shape = found["shape"]
        if isinstance(shape, list) and len(shape) <= limits.rank and all(type(size) is int and size >= 0 for size in shape):
            return Row(found["object"], found["name"], tuple(shape), found["dtype"])
    raise ModelFileError("golden.form", place, f"{shown(found)} does not describe an output of a layer.", _HINT)


def _leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list):
        return [leaf for part in structure for leaf in _leaves(part)]
    return [] if structure is None else [structure]


def _restored(structure: Any, tensors: list[np.ndarray]) -> Any:
    if isinstance(structure, dict):
        return {key: _restored(part, tensors) for key, part in structure.items()}
    if isinstance(structure, list):
        return [_restored(part, tensors) for part in structure]
    return None if structure is None else tensors[structure]


_HINT = "Load the model without `golden` to look into it."
