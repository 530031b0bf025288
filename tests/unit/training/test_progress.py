"""Progress: what is shown where."""

from __future__ import annotations

import logging
import os
import pty
import re
import sys
import threading

import pytest

from amalthea import callbacks, config
from amalthea.errors import ArgumentError
from amalthea.training import progress
from amalthea.training.logs import Logs

TIMES = re.compile(r"\d+(\.\d+)?(us|ms|s)")


def run(verbose, epochs=2, steps=3, **params):
    listener = callbacks.CallbackList(add_progbar=True, verbose=verbose, epochs=epochs, steps=steps, **params)
    listener.on_train_begin()
    for epoch in range(epochs):
        listener.on_epoch_begin(epoch)
        for step in range(3):
            listener.on_train_batch_end(step, Logs({"loss": 1.0 / (step + 1)}))
        listener.on_test_begin()
        listener.on_test_batch_end(0, Logs({"loss": 9.0}))
        listener.on_test_end(Logs({"loss": 9.0}))
        listener.on_epoch_end(epoch, Logs({"loss": 0.25, "val_loss": 0.00005}))
    listener.on_train_end()


@pytest.mark.parametrize("verbose", [1, 2])
def test_one_line_an_epoch_where_nothing_can_be_drawn_over(verbose, capsys):
    run(verbose)
    lines = TIMES.sub("T", capsys.readouterr().out).splitlines()
    assert lines == [f"Epoch {n}/2 - 3/3 - T - T/step - loss: 0.2500 - val_loss: 5.0000e-05" for n in (1, 2)]


def test_nothing_is_shown_when_silent(capsys):
    run(0)
    assert capsys.readouterr().out == ""


def test_epochs_of_unknown_length(capsys):
    run(2, steps=None)
    assert [line.split(" - ")[1] for line in capsys.readouterr().out.splitlines()] == ["3/3", "3/3"]


def test_evaluation_and_prediction(capsys):
    listener = callbacks.CallbackList(add_progbar=True, verbose=1, steps=2)
    for kind in ("test", "predict"):
        getattr(listener, f"on_{kind}_begin")()
        for step in range(2):
            getattr(listener, f"on_{kind}_batch_end")(step, Logs({"loss": 0.5}))
        getattr(listener, f"on_{kind}_end")(Logs({"loss": 0.5}))
    assert TIMES.sub("T", capsys.readouterr().out).splitlines() == ["2/2 - T - T/step - loss: 0.5000", "2/2 - T - T/step"]


def test_values_are_read_only_to_be_shown(capsys):
    class Never:
        def __array__(self, dtype=None, copy=None):
            raise AssertionError("read")

    listener = callbacks.CallbackList(add_progbar=True, verbose=2, epochs=1, steps=100)
    listener.on_epoch_begin(0)
    for step in range(99):
        listener.on_train_batch_end(step, Logs({"loss": Never()}))
    listener.on_train_batch_end(99, Logs({"loss": 2.0}))
    listener.on_epoch_end(0, Logs({"loss": 1.0}))
    assert "loss: 1.0000" in capsys.readouterr().out


def test_long_epochs_say_something_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress.Progbar(100, stateless_metrics=())
    for step in range(1, 101):
        now[0] += 1.0
        bar.update(step, {"loss": 1.0})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["30/100", "60/100", "90/100", "100/100"]
    assert lines[0] == "30/100 - 30s - 1.0s/step - 1:10 left - loss: 1.0000"
    assert lines[-1] == "100/100 - 1:40 - 1.0s/step - loss: 1.0000"


def test_the_first_step_does_not_count_for_the_pace(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress.Progbar(3, verbose=2)
    for seconds in (20.0, 0.5, 0.5):  # the first one compiles
        now[0] += seconds
        bar.add(1)
    assert "500ms/step" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "shown"),
    [({}, "2.0000"), ({"stateful_metrics": ["loss"]}, "3.0000"), ({"stateless_metrics": ["loss"]}, "2.0000"), ({"stateless_metrics": []}, "3.0000")],
)
def test_means_and_last_values(options, shown, capsys):
    bar = progress.Progbar(2, verbose=2, **options)
    bar.update(1, [("loss", 1.0)])
    bar.update(2, [("loss", 3.0)])
    assert f"loss: {shown}" in capsys.readouterr().out


def test_means_weigh_by_units(capsys):
    bar = progress.Progbar(4, verbose=2, unit_name="sample")
    bar.add(3, [("loss", 1.0)])
    bar.add(1, [("loss", 5.0)])
    out = capsys.readouterr().out
    assert "loss: 2.0000" in out
    assert "/sample" in out


def test_both_lists_cannot_be_given():
    with pytest.raises(ArgumentError, match="not both"):
        progress.Progbar(1, stateful_metrics=[], stateless_metrics=[])


def test_without_interactive_logging_lines_go_to_logging(caplog, capsys):
    config.disable_interactive_logging()
    try:
        assert progress.resolve_verbose("auto") == 2
        with caplog.at_level(logging.INFO, logger="amalthea"):
            run(2, epochs=1)
            run(1, epochs=1)
    finally:
        config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert len([record for record in caplog.records if "loss: 0.2500" in record.getMessage()]) == 2


@pytest.mark.parametrize("verbose", [3, "loud", -1])
def test_verbose_that_cannot_be(verbose):
    with pytest.raises(ArgumentError, match="verbose"):
        progress.resolve_verbose(verbose)


# --- a terminal ---


def in_terminal(monkeypatch, draw, columns=100):
    """What `draw` writes to a terminal of this width."""
    reader, writer = pty.openpty()
    written: list[bytes] = []

    def collect():
        try:
            while piece := os.read(reader, 4096):
                written.append(piece)
        except OSError:
            pass

    thread = threading.Thread(target=collect)
    thread.start()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        draw()
        terminal.flush()
        monkeypatch.undo()
    thread.join()
    os.close(reader)
    return b"".join(written).decode()


def plain(text):
    """The text without escape sequences, as lines; what was written over is gone."""
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n").split("\n")
    return [TIMES.sub("T", line.split("\r")[-1].rstrip()) for line in lines if line.strip()]


def test_a_bar_in_a_terminal(monkeypatch):
    lines = plain(in_terminal(monkeypatch, lambda: run(1)))
    assert [line for line in lines if "3/3" in line] == [f"Epoch {n}/2  {'━' * 20} 3/3  T  T/step  loss 0.2500  val_loss 5.0000e-05" for n in (1, 2)]


def test_a_narrow_terminal_breaks_between_metrics(monkeypatch):
    lines = plain(in_terminal(monkeypatch, lambda: run(1, epochs=1), columns=50))
    assert lines[-2].endswith("T/step")
    assert lines[-1].strip() == "loss 0.2500  val_loss 5.0000e-05"


def test_the_bar_shrinks_a_little_to_fit_one_line(monkeypatch):
    (line,) = [line for line in plain(in_terminal(monkeypatch, lambda: run(1, epochs=1), columns=72)) if "val_loss" in line]
    assert "━" * 8 in line
    assert len(line.split(" ")[0]) < 20


def test_prints_of_callbacks_appear_above_the_bar(monkeypatch):
    def draw():
        bar = progress.Progbar(2, stateless_metrics=())
        bar.update(1, {"loss": 1.0})
        print("a note")
        bar.update(2, {"loss": 0.5})

    lines = plain(in_terminal(monkeypatch, draw))
    assert "a note" in lines
    assert lines[-1].startswith("━" * 20 + " 2/2")


def test_one_bar_within_another(monkeypatch):
    def draw():
        outer, inner = progress.Progbar(2), progress.Progbar(1)
        outer.update(1)
        inner.update(1)
        outer.update(2)

    lines = plain(in_terminal(monkeypatch, draw))
    assert [re.search(r"\d/\d", line).group() for line in lines] == ["1/2", "1/1", "2/2"]


def test_a_run_that_breaks_off_gives_the_terminal_back(monkeypatch):
    def draw():
        listener = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=2, steps=3)
        listener.on_train_begin()
        listener.on_epoch_begin(0)
        listener.on_train_batch_end(0, Logs({"loss": 1.0}))
        during.append(sys.stdout)
        listener.close()
        listener.close()
        during.append(sys.stdout)

    during: list[object] = []
    written = in_terminal(monkeypatch, draw)
    assert during[0] is not during[1]  # prints were led around the bar, and are no more
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is shown again


def test_ten_drawings_a_second_at_most(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    drawn = []

    class Display(progress.Display):
        def draw(self, frame):
            drawn.append(now[0])

    monkeypatch.setattr(progress, "choose_display", Display)
    listener = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=1000)
    listener.on_epoch_begin(0)
    for step in range(1000):
        now[0] += 0.001
        listener.on_train_batch_end(step, Logs({"loss": 1.0}))
    assert 9 <= len(drawn) <= 11


def test_notebooks_get_one_line(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    run(1, epochs=1)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "3/3" in out.split("\r")[-1]
