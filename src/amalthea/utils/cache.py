"""The folder in which files from the network are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloads are kept: `$KERAS_HOME`, or `~/.keras`, which Keras uses too."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
