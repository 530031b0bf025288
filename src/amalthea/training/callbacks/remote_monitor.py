"""`RemoteMonitor`: sends the values of each epoch to a server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError
from amalthea.training.callbacks.callback import Callback, Logs

TIMEOUT = 10.0


class RemoteMonitor(Callback):
    """Send the losses and metrics of each epoch to a server by HTTP POST. A server that cannot be reached gives a warning.

    Args:
        root: where the server is.
        path: the path to which values are sent.
        field: the form field that holds them as JSON.
        headers: HTTP headers.
        send_as_json: whether the request is JSON itself rather than a form.

    Raises:
        ArgumentError: `root` is not an address of HTTP.

    Example:
        >>> callback = RemoteMonitor("http://localhost:9000", send_as_json=True)
        >>> # model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        if not root.startswith(("http://", "https://")):
            raise ArgumentError(f'`root` must begin with "http://" or "https://". Received: {root!r}.')
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        # Loaded here, not with all callbacks: the standard library's HTTP is slow to load.
        from urllib.error import URLError
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        text = json.dumps({"epoch": epoch, **{name: _as_json(value) for name, value in (logs or {}).items()}})
        body = text if self.send_as_json else urlencode({self.field: text})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        request = Request(self.root + self.path, body.encode(), {"Content-Type": kind, **(self.headers or {})}, method="POST")
        try:
            urlopen(request, timeout=TIMEOUT).close()
        except (URLError, OSError) as error:
            warnings.warn(f"RemoteMonitor could not reach {self.root}: {error}.", stacklevel=2)


def _as_json(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
