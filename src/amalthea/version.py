"""The version of Amalthea, and of the Keras API that it has."""

VERSION = "0.1.0"
KERAS_API = "3.15.0"


def version() -> str:
    """The version of Amalthea."""
    return VERSION
