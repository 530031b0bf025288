"""JSON texts."""

from __future__ import annotations

import json
from typing import Any

from amalthea.errors import ModelFileError
from amalthea.saving.reading.limits import Limits


def parse(data: bytes, limits: Limits, place: str) -> Any:
    """The plain values of a text."""
    if len(data) > limits.json_bytes:
        raise ModelFileError("json.long", place, f"The text has {len(data)} bytes; at most {limits.json_bytes} are read.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("json.damaged", place, f"The text is no JSON: {error}.") from error
