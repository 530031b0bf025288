"""Kinds of files by their first bytes."""

from __future__ import annotations

import re

from amalthea.errors import ModelFileError
from amalthea.saving.reading.source import Source

_HEAD = 512
# The containers that are read.
_KINDS = {
    "zip": re.compile(rb"PK(\x03\x04|\x05\x06)"),
    "hdf5": re.compile(rb"\x89HDF\r\n\x1a\n"),
    "safetensors": re.compile(rb".{8}\{", re.DOTALL),
    "json": re.compile(rb"\s*\{"),
}
# What is given instead now and then: what it is, and what helps.
_FOREIGN = {
    re.compile(rb"\Z"): ("empty", "Copy or save the file again."),
    re.compile(rb"\x80[\x02-\x05]"): (
        "a pickle, which only running code could read",
        "Save the weights in another format, in the program that wrote it.",
    ),
    re.compile(rb"version https://git-lfs"): ("a pointer of Git LFS, not the file itself", "Fetch the file with `git lfs pull`."),
    re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE): ("a page of a web site", "Download the file itself."),
    re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd"): ("compressed as a whole", "Decompress it first."),
    re.compile(rb".{257}ustar", re.DOTALL): ("a tar archive", "Unpack it, and load the model file in it."),
}


def sniff(source: Source) -> str:
    """The container that a file is: "zip", "hdf5", "safetensors" or "json".

    Raises:
        ModelFileError: it is none of these; where the first bytes tell what it is instead, the error does too.
    """
    head = source.read(0, min(source.size, _HEAD))
    for kind, beginning in _KINDS.items():
        if beginning.match(head):
            return kind
    for beginning, (title, hint) in _FOREIGN.items():
        if beginning.match(head):
            raise ModelFileError("format.foreign", source.place, f"By its bytes, the file is {title}.", hint)
    raise ModelFileError("format.unknown", source.place, "By its bytes, the file is of no kind that is read.", f"These are: {', '.join(_KINDS)}.")
