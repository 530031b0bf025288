"""Assets: what layers keep in files of their own, such as vocabularies. In archives they lie below "assets/", where Keras has them."""

from __future__ import annotations

import tempfile
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError, SerializationError, shown
from amalthea.saving.members import Put
from amalthea.saving.variables import walk

PREFIX = "assets/"


def owns(name: str) -> bool:
    """Whether a member of an archive is an asset."""
    return name.startswith(PREFIX)


# --- written ---


def pour(model: Any, put: Put) -> None:
    """Write the assets of a model, one at a time."""
    parts = dict(walk(model))
    taken: dict[str, str] = {}
    for path, part in parts.items():
        if hasattr(part, "save_own_assets"):
            part.save_own_assets(_Store(put, path, parts, taken))


def refuse(model: Any, file: str) -> None:
    """Raise an error if a model has assets, which files other than archives do not keep.

    Raises:
        SerializationError: it has some.
    """

    def put(name: str, data: bytes) -> NoReturn:
        raise SerializationError(
            f"{shown(file)} cannot hold assets, and the model has some ({shown(name.removeprefix(PREFIX))}). Save the whole model as '.keras'."
        )

    pour(model, put)


def leave_out(model: Any) -> None:
    """Warn of the assets of a model whose weights alone were saved; nothing, if it has none."""
    parts = dict(walk(model))
    holders: dict[str, None] = {}
    pour(model, lambda name, data: holders.setdefault(_owner(name.removeprefix(PREFIX), parts)))
    if holders:
        warnings.warn(
            f"The file holds the weights alone. What {', '.join(shown(parts[path].name) for path in holders)} keep besides (assets, such as "
            "vocabularies) must be in the model that loads it. `model.save('model.keras')` saves both.",
            stacklevel=3,
        )


def from_folder(save: Callable[[str], Any]) -> Iterator[tuple[str, bytes]]:
    """What a method in the form of Keras, `save_assets(folder)`, writes: names, relative to the folder, and bytes, one file at a time."""
    with tempfile.TemporaryDirectory(prefix="amalthea-assets-") as folder:
        save(folder)
        for file in sorted(Path(folder).rglob("*")):
            if file.is_symlink():
                raise SerializationError(f"`save_assets` made the link {file.name!r}. Only regular files are kept.")
            if file.is_file():
                yield file.relative_to(folder).as_posix(), file.read_bytes()


class _Store:
    """What an object puts its assets into: each goes to the archive at once."""

    def __init__(self, put: Put, path: str, parts: Mapping[str, Any], taken: dict[str, str]) -> None:
        self._put, self._path, self._parts, self._taken = put, path, parts, taken

    def __setitem__(self, name: str, data: Any) -> None:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise ArgumentTypeError(f"An asset consists of bytes. Received for {name!r}: {type(data).__name__}. Example: `text.encode()`.")
        whole = f"{self._path}/{_checked(name)}" if self._path else _checked(name)
        if _owner(whole, self._parts) != self._path:
            raise ArgumentError(
                f"The asset {name!r} of {self._parts[self._path]} would lie among those of {self._parts[_owner(whole, self._parts)]}."
            )
        self._take(whole)
        self._put(PREFIX + whole, bytes(data))

    def _take(self, name: str) -> None:
        """Keep names apart that some systems take for one, and files apart from folders."""
        alike = unicodedata.normalize("NFKC", name).casefold()
        other = next((taken for taken in self._taken if f"{taken}/".startswith(f"{alike}/") or alike.startswith(f"{taken}/")), None)
        if other is not None:
            raise ArgumentError(f"The names of the assets {name!r} and {self._taken[other]!r} cannot stand in one archive.")
        self._taken[alike] = name


def _checked(name: Any) -> str:
    parts = name.split("/") if isinstance(name, str) else [""]
    if any(part in ("", ".", "..") or not part.isprintable() or set(part) & set("\\:") for part in parts):
        raise ArgumentError(
            f"The name of an asset must be printable, such as 'vocabulary.txt' or 'merges/1.txt', and lead nowhere else. Received: {name!r}."
        )
    return str(name)


# --- read ---


def plan(model: Any, names: Iterable[str], read: Callable[[str], bytes], place: str) -> Callable[[], None]:
    """A function that gives the objects inside a model their assets; before it is returned, all assets were found to have an object that takes them.

    Args:
        model: the model.
        names: the members that are assets.
        read: gives the bytes of one.
        place: the file, for messages.

    Raises:
        ModelFileError: an object with such assets is not in the model, or does not take any. The function raises it if an object refuses its
            assets, misses some, or leaves some.
    """
    parts = dict(walk(model))
    given: dict[str, dict[str, str]] = {path: {} for path, part in parts.items() if _takes(part)}
    for name in names:
        inner = name.removeprefix(PREFIX)
        path = _owner(inner, parts)
        if path not in given:
            raise _unwanted(parts[path], name, place)
        given[path][inner[len(path) :].removeprefix("/")] = name

    def carry_out() -> None:
        for path, members in given.items():
            _load(parts[path], Assets(members, read), place)

    return carry_out


class Assets(Mapping[str, bytes]):
    """The assets of one object by name, each read when it is looked up."""

    def __init__(self, members: Mapping[str, str], read: Callable[[str], bytes]) -> None:
        self._members, self._read = members, read
        self.left = set(members)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._members:
            raise _Missing(name)
        data = self._read(self._members[name])
        self.left.discard(name)
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members


class _Missing(KeyError):
    """There is no such asset."""


def _load(part: Any, assets: Assets, place: str) -> None:
    try:
        part.load_own_assets(assets)
    except ModelFileError:
        raise
    except _Missing as error:
        raise ModelFileError("keras.assets", place, f"The archive does not hold the asset {shown(error.args[0])} of {part}.", _AGAIN) from error
    except Exception as error:
        raise ModelFileError("keras.assets", place, f"{part} refuses its assets: {shown(error)}.", _AGAIN) from error
    if assets.left:
        raise ModelFileError("keras.assets", place, f"{part} leaves the asset {shown(min(assets.left))}, which the archive holds for it.", _AGAIN)


def _owner(name: str, parts: Mapping[str, Any]) -> str:
    """The path of the object among whose assets a file lies: the innermost one; the model's own path is ""."""
    folder = name
    while folder := folder.rpartition("/")[0]:
        if folder in parts:
            break
    return folder


def _takes(part: Any) -> bool:
    from amalthea.layers.layer import Layer

    return getattr(type(part), "load_own_assets", Layer.load_own_assets) is not Layer.load_own_assets


def _unwanted(part: Any, name: str, place: str) -> ModelFileError:
    if hasattr(part, "load_assets"):
        reason = f"{part} reads its asset {shown(name)} from a folder (`load_assets`), and nothing of a file is ever unpacked to the disk."
        hint = "Define `load_own_assets(store)` in its class, where `store[name]` gives the bytes of a file."
        return ModelFileError("keras.assets", place, reason, hint)
    return ModelFileError("keras.assets", place, f"The archive holds {shown(name)}, but nothing in the model takes assets there.", _AGAIN)


_AGAIN = "Save the model again, or load it with the classes that wrote it."
