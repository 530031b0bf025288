"""Progress of long runs: a live line in a terminal, plain lines elsewhere.

A `Progbar` counts and keeps the latest values; a display draws what it is given. Values are looked at only when something is
drawn, at most ten times a second in training, so that numbers on a device are not fetched for nobody.
"""

from __future__ import annotations

import atexit
import logging
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from amalthea import config
from amalthea.errors import ArgumentError

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

PLAIN_INTERVAL = 30.0
"""Where nothing can be drawn over (a file, a pipe), a long epoch says a line this often, in seconds."""

LEAST_WIDTH = 8
"""How far a bar may shrink so that all fits into one line."""


def print_message(text: str) -> None:
    """Print a line for the user; to Python's `logging` (logger "amalthea") while interactive logging is disabled."""
    if config.is_interactive_logging_enabled():
        print(text, flush=True)
    else:
        logging.getLogger("amalthea").info(text)


def resolve_verbose(verbose: int | bool | str) -> int:
    """0, 1 or 2 for what a method was given as `verbose`.

    Args:
        verbose: 0 (silent), 1 (a bar), 2 (one line), or "auto": 1, or 2 while interactive logging is disabled.

    Raises:
        ArgumentError: it is none of these.

    Example:
        >>> resolve_verbose("auto"), resolve_verbose(False)
        (1, 0)
    """
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    if verbose not in (0, 1, 2):
        raise ArgumentError(f'`verbose` must be 0, 1, 2 or "auto". Received: {verbose!r}.')
    return int(verbose)


def clock(seconds: float) -> str:
    """A length of time for a person who waits.

    Example:
        >>> [clock(s) for s in (0.31, 2.34, 59.2, 75, 4000)]
        ['0.3s', '2.3s', '59s', '1:15', '1:06:40']
    """
    if seconds < 59.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def duration(seconds: float) -> str:
    """A length of time, which may be very short.

    Example:
        >>> [duration(s) for s in (0.0000123, 0.0042, 2.34)]
        ['12us', '4.2ms', '2.3s']
    """
    for unit, scale in (("us", 1e-6), ("ms", 1e-3)):
        amount = seconds / scale
        if amount < 999.5:
            return f"{amount:.1f}{unit}" if 0 < amount < 9.95 else f"{amount:.0f}{unit}"
    return clock(seconds)


def number(value: Any) -> str:
    """The value of a metric, to four decimals, or four significant ones where it is small.

    Example:
        >>> number(0.25791), number(0.0000123), number(3)
        ('0.2579', '1.2300e-05', '3.0000')
    """
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "fiubV" or array.size == 0:
        return str(value)
    mean = float(np.mean(array))
    return f"{mean:.4f}" if abs(mean) > 1e-3 or mean == 0 else f"{mean:.4e}"


@dataclass
class Frame:
    """What is drawn: all that a display has to know.

    Attributes:
        label: the words before the bar, such as "Epoch 1/5"; may be empty.
        current: how much is done.
        target: how much there is to do, or None.
        width: the length of the bar.
        elapsed: seconds since the start.
        per_unit: seconds for one unit, or None while that is not known.
        unit: the name of a unit.
        values: names and texts of the metrics.
        finished: whether this is the last frame.
    """

    label: str
    current: int
    target: int | None
    width: int
    elapsed: float
    per_unit: float | None
    unit: str
    values: list[tuple[str, str]] = field(default_factory=list)
    finished: bool = False

    def count(self) -> str:
        if self.target is None:
            return f"{self.current} {self.unit}s" if self.finished else f"{self.current}/?"
        return f"{self.current:>{len(str(self.target))}}/{self.target}"

    def pace(self) -> str:
        if self.per_unit is None:
            return ""
        return f"{duration(self.per_unit)}/{self.unit}" if self.unit else duration(self.per_unit)

    def left(self) -> str:
        """The time that remains, as words; empty where it is not known or there is none."""
        if self.finished or self.target is None or self.per_unit is None:
            return ""
        seconds = math.ceil(self.per_unit * (self.target - self.current))
        return f"{seconds}s left" if seconds < 60 else f"{clock(seconds)} left"

    def line(self) -> str:
        """The frame as one plain line.

        Example:
            >>> Frame("Epoch 1/5", 8, 8, 20, 2.0, 0.25, "step", [("loss", "0.2579")], True).line()
            'Epoch 1/5 - 8/8 - 2.0s - 250ms/step - loss: 0.2579'
        """
        parts = [
            self.label,
            self.count().strip(),
            clock(self.elapsed),
            self.pace(),
            self.left(),
            *(f"{name}: {value}" for name, value in self.values),
        ]
        return " - ".join(part for part in parts if part)


class Display(ABC):
    """Where frames are drawn."""

    interval = 0.0
    """The least time between two frames, in seconds; a `Progbar` may ask for more."""

    @abstractmethod
    def draw(self, frame: Frame) -> None:
        """Show a frame in place of the last one."""

    def leave(self) -> None:  # noqa: B027 (nothing to do, where nothing is written over)
        """Let what was drawn stand, because something else will draw below it."""


class PlainDisplay(Display):
    """Lines in a file, a pipe or a log: one at the end, and one now and then if that takes long."""

    interval = PLAIN_INTERVAL

    def draw(self, frame: Frame) -> None:
        print_message(frame.line())


class NotebookDisplay(Display):
    """One line of a notebook's output, written over."""

    def __init__(self) -> None:
        self._length = 0

    def draw(self, frame: Frame) -> None:
        text = _as_lines(frame, sys.maxsize).plain
        sys.stdout.write("\r" + text.ljust(self._length) + ("\n" if frame.finished else ""))
        sys.stdout.flush()
        self._length = 0 if frame.finished else len(text)

    def leave(self) -> None:
        if self._length:
            sys.stdout.write("\n")
            self._length = 0


class TerminalDisplay(Display):
    """A live line in a terminal, by `rich`. What is printed meanwhile appears above it."""

    _showing: TerminalDisplay | None = None  # a terminal has one place to draw: the last display that drew
    _guarded = False

    def __init__(self) -> None:
        self._live: Live | None = None

    def draw(self, frame: Frame) -> None:
        if self._live is None:
            self._begin()
        assert self._live is not None
        self._live.update(_as_lines(frame, self._live.console.width), refresh=True)
        if frame.finished:
            self.leave()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.live import Live

        TerminalDisplay.leave_any()
        self._live = Live(console=Console(highlight=False), auto_refresh=False, vertical_overflow="visible")
        self._live.start()
        if not TerminalDisplay._guarded:
            atexit.register(TerminalDisplay.leave_any)
            TerminalDisplay._guarded = True
        TerminalDisplay._showing = self

    @classmethod
    def leave_any(cls) -> None:
        """Give the terminal back, with its cursor, whatever is drawn there."""
        if cls._showing is not None:
            cls._showing.leave()

    def leave(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if TerminalDisplay._showing is self:
            TerminalDisplay._showing = None

    def __del__(self) -> None:
        self.leave()


def _chunks(frame: Frame, width: int) -> list[Text]:
    """The parts of a frame, which a line break may separate but not split."""
    from rich.text import Text

    chunks = [Text(frame.label, style="bold")] if frame.label else []
    if frame.target:
        filled = min(width, width * frame.current // frame.target)
        bar = Text.assemble(("━" * filled, "green" if frame.finished else "cyan"), ("━" * (width - filled), "bright_black"))
        chunks.append(Text.assemble(bar, " ", frame.count()))
    else:
        chunks.append(Text(frame.count()))
    times = [clock(frame.elapsed), frame.pace(), frame.left()]
    chunks.append(Text("  ".join(part for part in times if part), style="bright_black"))
    chunks += [Text.assemble((f"{name} ", "bright_black"), value) for name, value in frame.values]
    return chunks


def _as_lines(frame: Frame, columns: int) -> Text:
    """The frame broken into lines of at most `columns`; a line after the first is indented as far as the bar."""
    from rich.text import Text

    chunks = _chunks(frame, frame.width)
    excess = sum(chunk.cell_len + 2 for chunk in chunks) - 2 - columns
    if 0 < excess <= frame.width - LEAST_WIDTH:
        chunks = _chunks(frame, frame.width - excess)
    indent = len(frame.label) + 2 if frame.label else 2
    text, used = Text(), 0
    for chunk in chunks:
        if used and used + 2 + chunk.cell_len > columns:
            text.append("\n" + " " * indent)
            used = indent
        elif used:
            text.append("  ")
            used += 2
        text.append_text(chunk)
        used += chunk.cell_len
    return text


def choose_display() -> Display:
    """The display that fits where standard output goes."""
    if not config.is_interactive_logging_enabled():
        return PlainDisplay()
    if _in_notebook():
        return NotebookDisplay()
    stream = sys.stdout
    return TerminalDisplay() if stream is not None and hasattr(stream, "isatty") and stream.isatty() else PlainDisplay()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")


class Progbar:
    """A progress bar.

    Args:
        target: how much there is to do; None if that is not known.
        width: the length of the bar in characters.
        verbose: 0 shows nothing, 1 a bar, 2 one line at the end.
        interval: the least time between two drawings, in seconds.
        stateful_metrics: names of values that are shown as given last; all others are shown as their mean over the units so far.
        stateless_metrics: names of values that are shown as their mean; all others are shown as given last.
        unit_name: the name of what is counted.

    With neither list, every value is shown as its mean.

    Raises:
        ArgumentError: both lists are given.

    Example:
        >>> bar = Progbar(3, verbose=2)
        >>> for _ in range(3):
        ...     bar.add(1, [("loss", 0.5)])
        3/3 - ...s - .../step - loss: 0.5000
    """

    label: str = ""
    """Words before the bar."""

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError("Give `stateful_metrics` or `stateless_metrics`, not both: what is not named in one is of the other kind.")
        self.stateful_metrics = None if stateful_metrics is None else set(stateful_metrics)
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.unit_name = unit_name
        self._current = 0
        self._values: dict[str, Any] = {}
        self._latest: Mapping[str, Any] | None = None
        self._sums: dict[str, tuple[float, int]] = {}
        self._start = time.monotonic()
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None
        self._due = 0.0
        self._finished = False
        self._display: Display | None = None

    def update(self, current: int, values: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None) -> None:
        """Say how much is done.

        Args:
            current: how much is done in all.
            values: names and values to show, as pairs or as a mapping. A mapping of which nothing is averaged is looked into only when drawn.
            finalize: whether this is the last update; by default, whether `current` has reached the target.
        """
        now = time.monotonic()
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if values is not None:
            if isinstance(values, Mapping) and self.stateless_metrics == set():
                self._latest = values
            else:
                self._take(dict(values), current - self._current)
        if self._first is None and current > 0:
            self._first = (now, current)  # the first step compiles: the pace is that of those after it
        if current != self._current:
            self._last = (now, current)
        self._current = current
        if self.verbose == 0 or self._finished or not (finalize or (self.verbose == 1 and now >= self._due)):
            return
        if self._display is None:
            self._display = choose_display() if self.verbose == 1 else PlainDisplay()
        if not finalize and not self._due and self._display.interval > self.interval:
            self._due = self._start + self._display.interval
            if now < self._due:
                return
        self._finished = finalize
        self._display.draw(self._frame(now, finalize))
        self._due = time.monotonic() + max(self.interval, self._display.interval)

    def add(self, n: int, values: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that `n` more units are done; see `update`."""
        self.update(self._current + n, values)

    def leave(self) -> None:
        """Let the bar stand as it is, although it did not reach its end."""
        if self._display is not None:
            self._display.leave()

    def _is_averaged(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return self.stateful_metrics is None or name not in self.stateful_metrics

    def _take(self, values: dict[str, Any], weight: int) -> None:
        for name, value in values.items():
            if self._is_averaged(name):
                total, count = self._sums.get(name, (0.0, 0))
                count += max(weight, 1)
                total += float(value) * max(weight, 1)
                self._sums[name] = (total, count)
                value = total / count
            self._values[name] = value

    def _frame(self, now: float, finished: bool) -> Frame:
        values = {**self._values, **(self._latest or {})}
        per_unit = None
        if self._first is not None and self._last is not None and self._last[1] > self._first[1]:
            per_unit = (self._last[0] - self._first[0]) / (self._last[1] - self._first[1])
        elif finished and self._current:
            per_unit = (now - self._start) / self._current
        texts = [(name, number(value)) for name, value in values.items() if value is not None]
        return Frame(self.label, self._current, self.target, self.width, now - self._start, per_unit, self.unit_name, texts, finished)
