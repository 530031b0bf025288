"""What all kinds of model files have in common when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from amalthea.errors import ArgumentError, ModelFileError, NotBuiltError
from amalthea.saving.fitting import LoadReport, Stored, plan_objects
from amalthea.saving.limits import Limits
from amalthea.saving.reading.source import Source

if TYPE_CHECKING:
    from amalthea.saving.members.golden import Golden


class ModelFile:
    """A file whose kind is known by its bytes.

    Args:
        source: its bytes.
        contents: what the reader of its container made of it.
        limits: how much it may ask for.

    Attributes:
        title: what it is, for messages.
        suffixes: the endings that its name may have.
    """

    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    def __init__(self, source: Source, contents: Any, limits: Limits) -> None:
        self.source, self.contents, self.limits = source, contents, limits
        self.place = source.place

    def stored(self) -> Stored:
        """Its variables, by objects. Files that keep them otherwise define `load_weights`."""
        raise NotImplementedError

    def names(self) -> dict[str, str]:
        """The names that its objects had in the model, by their paths, where the file has them."""
        return {}

    def load_weights(self, model: Any, skip_mismatch: bool = False, by_name: bool = False, objects_to_skip: Sequence[Any] = ()) -> LoadReport:
        """Assign the variables of a model that is built."""
        if by_name:
            raise ArgumentError(f"`by_name` is for files of whole models in HDF5 ('.h5'); {self.place} is a file of {self.title}.")
        check_built(model)
        stored = self.stored()
        build_optimizer(model, stored)
        return plan_objects(model, stored, self.place, partial=skip_mismatch, left=objects_to_skip).carry_out(
            all_variables(model), self.check_unchanged
        )

    def check_signature(self, trust: Any) -> None:
        """Raise an error unless one of the keys in `trust` signed the file. Nothing else of it is looked at before."""
        raise ArgumentError(f"`trust` is for '.keras' files, which can be signed; {self.place} is a file of {self.title}.")

    def golden_values(self) -> Golden:
        """The golden values in it."""
        raise ArgumentError(f"`golden` is for '.keras' files, which can hold golden values; {self.place} is a file of {self.title}.")

    def compared(self) -> AbstractContextManager[None]:
        """Inside, `check_unchanged` finds too whether what was read is what was written, as far as the file says."""
        return nullcontext()

    def check_unchanged(self) -> None:
        """Raise an error if the file is not what it was when it was opened."""
        self.source.check_unchanged()

    def load_model(self, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
        """The model that it describes."""
        raise ModelFileError("format.no_model", self.place, f"The file describes no model: it is {self.title}.", "Make it, and call `load_weights`.")


def check_built(model: Any) -> None:
    """Raise an error if a model has no weights yet."""
    if not model.built:
        raise NotBuiltError(f"{model} is not built, so it has no weights. Call it on data, or `build` it with an input shape.")


def build_optimizer(model: Any, stored: Stored) -> None:
    """Give the optimizer of a model its variables, if it has none and the file holds some."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built and model.built and any(path.partition("/")[0] == "optimizer" for path in stored):
        optimizer.build(model.trainable_variables)


def all_variables(model: Any) -> list[Any]:
    """What loading a file into a model may change."""
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(optimizer.variables if optimizer is not None else ())]
