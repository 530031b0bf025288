"""The text of `Model.summary`: rows, shapes, counts, connections, and what may be asked of it."""

import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError
from amalthea.models.summary import readable_size


def text_of(model, **arguments):
    lines = []
    model.summary(print_fn=lambda line, **kwargs: lines.append(line), **arguments)
    return "\n".join(lines)


def rows_of(model, **arguments):
    """The cells of each row of the table; a row that goes on in the next line is put together."""
    rows = []
    for line in text_of(model, **arguments).splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            if rows and not cells[1]:
                rows[-1] = [" ".join(filter(None, pair)) for pair in zip(rows[-1], cells, strict=True)]
            else:
                rows.append(cells)
    return rows


def totals_of(model, **arguments):
    lines = [line for line in text_of(model, **arguments).splitlines() if "params:" in line]
    return {line.split(" params")[0].strip(): line.split(": ")[1] for line in lines}


@pytest.fixture
def branched():
    x = amalthea.Input((4,), name="entry")
    inner = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, name="within")], name="inner")
    frozen = layers.Dense(3, name="frozen", trainable=False)
    return amalthea.Model(x, layers.Add(name="both")([inner(x), frozen(x)]), name="branched")


def test_a_chain():
    model = amalthea.Sequential(
        [amalthea.Input((28, 28, 1)), layers.Conv2D(8, 3, name="conv"), layers.Flatten(name="flat"), layers.Dense(10, name="head")]
    )
    assert rows_of(model) == [
        ["conv (Conv2D)", "(None, 26, 26, 8)", "80"],
        ["flat (Flatten)", "(None, 5408)", "0"],
        ["head (Dense)", "(None, 10)", "54,090"],
    ]
    assert totals_of(model) == {"Total": "54,170 (211.60 KB)", "Trainable": "54,170 (211.60 KB)", "Non-trainable": "0 (0.00 B)"}


def test_a_graph_tells_what_is_connected_to_what(branched):
    assert text_of(branched).startswith('Model: "branched"')
    assert rows_of(branched) == [
        ["entry (InputLayer)", "(None, 4)", "0", "-"],
        ["inner (Sequential)", "(None, 3)", "15", "entry[0][0]"],
        ["frozen (Dense)", "(None, 3)", "15", "entry[0][0]"],
        ["both (Add)", "(None, 3)", "0", "inner[0][0], frozen[0][0]"],
    ]
    assert totals_of(branched) == {"Total": "30 (120.00 B)", "Trainable": "15 (60.00 B)", "Non-trainable": "15 (60.00 B)"}


def test_models_inside_unfold_and_training_is_told(branched):
    rows = rows_of(branched, expand_nested=True, show_trainable=True)
    assert [(row[0].lstrip("└ "), row[-1]) for row in rows] == [
        ("entry (InputLayer)", "-"),
        ("inner (Sequential)", "Y"),
        ("within (Dense)", "Y"),
        ("frozen (Dense)", "N"),
        ("both (Add)", "-"),
    ]


def test_a_shared_layer_counts_once():
    x = amalthea.Input((4,))
    shared = layers.Dense(4, name="shared")
    assert totals_of(amalthea.Model(x, shared(shared(x))))["Total"].startswith("20 ")


def test_sizes_are_those_of_the_dtypes():
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, dtype="float16")])
    assert totals_of(model)["Total"] == "15 (30.00 B)"
    assert [readable_size(size) for size in (0, 1023, 1024, 1024**2 * 1.5, 1024**3, 1024**5)] == [
        "0.00 B",
        "1023.00 B",
        "1.00 KB",
        "1.50 MB",
        "1.00 GB",
        "1024.00 TB",
    ]


def test_the_optimizer_counts_once_it_has_slots():
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3)])
    model.compile("adam", "mse")
    assert "Optimizer" not in totals_of(model)
    model.optimizer.build(model.trainable_variables)
    # Two slots for each of 15 weights, the count of iterations and the learning rate.
    assert totals_of(model)["Optimizer"].startswith("32 ")
    assert totals_of(model)["Total"].startswith("47 ")


def test_a_model_that_is_not_built():
    rows = rows_of(amalthea.Sequential([layers.Dense(2, name="late")]))
    assert rows == [["late (Dense)", "?", "0 (unbuilt)"]]


def test_a_part_of_the_table():
    model = amalthea.Sequential([amalthea.Input((2,)), *(layers.Dense(2, name=name) for name in ("one", "two", "three", "four"))])
    assert [row[0] for row in rows_of(model, layer_range=["two", "three"])] == ["two (Dense)", "three (Dense)"]
    assert [row[0] for row in rows_of(model, layer_range=["t.*", "t.*"])] == ["two (Dense)", "three (Dense)"]
    assert len(text_of(model, line_length=60).splitlines()[1]) == 60


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layer_range": ["entry"]}, "two layers"),
        ({"layer_range": ["entry", "nowhere"]}, "'nowhere'.*entry, inner, frozen, both"),
        ({"layer_range": ["both", "entry"]}, "'entry' comes before 'both'"),
        ({"positions": [0.5, 1.0]}, "2 numbers.*4 columns"),
    ],
)
def test_refusals(branched, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        text_of(branched, **arguments)
