"""Names: those made of classes, those that are unique, and the paths of scopes."""

import threading

import pytest

import amalthea
from amalthea.errors import ArgumentError
from amalthea.state.naming import absolute_scope, current_path, distinct, name_scope, reset_names, snake_case, unique_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dense", "dense"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("LSTMCell", "lstm_cell"),
        ("GroupedQueryAttention", "grouped_query_attention"),
        ("ReLU", "re_lu"),
        ("GaussianNoise", "gaussian_noise"),
    ],
)
def test_snake_case(name, expected):
    assert snake_case(name) == expected


def test_unique_names_count_from_the_start_after_a_reset():
    reset_names()
    assert [unique_name(base) for base in ("a", "b", "a", "a")] == ["a", "b", "a_1", "a_2"]
    amalthea.utils.clear_session()
    assert unique_name("a") == "a"


def test_paths():
    assert current_path("x") == "x"
    with name_scope("outer"):
        with name_scope("inner"):
            assert (current_path(), current_path("x")) == ("outer/inner", "outer/inner/x")
            with absolute_scope("elsewhere/deep"):
                assert amalthea.Variable(1.0, name="v").path == "elsewhere/deep/v"
        assert amalthea.Variable(1.0, name="v").path == "outer/v"
    with pytest.raises(ArgumentError, match="'a/b'"), name_scope("a/b"):
        pass


def test_scopes_are_of_their_thread():
    seen = []
    with name_scope("here"):
        thread = threading.Thread(target=lambda: seen.append(current_path("x")))
        thread.start()
        thread.join()
    assert seen == ["x"]


def test_paths_that_are_there_twice_get_numbers():
    assert distinct(["a", "a", "b", "a", "a_1"]) == ["a", "a_1", "b", "a_2", "a_1_1"]
