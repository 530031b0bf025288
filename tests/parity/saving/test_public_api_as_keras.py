"""The public functions and methods about saving take what Keras's take, and do the same with it."""

import inspect
import warnings

import h5py
import keras
import numpy as np
import pytest

import amalthea
from amalthea.errors import AmaltheaError

LIBRARIES = {"ours": amalthea, "keras": keras}
WHO = pytest.mark.parametrize("who", LIBRARIES)
METHODS = (
    *("save", "save_weights", "load_weights", "to_json", "export", "get_config", "from_config", "get_compile_config", "compile_from_config"),
    *(
        "get_build_config",
        "build_from_config",
        "save_own_variables",
        "load_own_variables",
        "get_state_tree",
        "set_state_tree",
        "summary",
        "get_layer",
    ),
)
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def functions():
    for module in ("saving", "models"):
        yield from ((module, name) for name in dir(getattr(keras, module)) if not name.startswith("_") and name not in ("Model", "Sequential"))


def takes_what(ours, theirs):
    """Every call that fits `theirs` fits `ours`: parameters of the same names, places and defaults; what is more has a default."""
    mine = inspect.signature(ours).parameters
    wanted = inspect.signature(theirs).parameters
    for place, (name, parameter) in enumerate(wanted.items()):
        if parameter.kind in VARIABLE:
            assert any(p.kind is parameter.kind for p in mine.values()), name
        else:
            assert list(mine)[place] == name
            assert mine[name].default == parameter.default, name
            assert mine[name].kind is parameter.kind, name
    for name in mine.keys() - wanted.keys():
        assert mine[name].kind in VARIABLE or mine[name].default is not inspect.Parameter.empty, name


@pytest.mark.parametrize(("module", "name"), list(functions()))
def test_functions(module, name):
    takes_what(getattr(getattr(amalthea, module), name), getattr(getattr(keras, module), name))


@pytest.mark.parametrize("cls", ["Model", "Sequential"])
@pytest.mark.parametrize("name", METHODS)
def test_methods(cls, name):
    takes_what(getattr(getattr(amalthea, cls), name), getattr(getattr(keras, cls), name))


def make(k, name="m"):
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(3, name="deep")], name="inner")
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3, name="first"), inner, k.layers.Dense(1, name="last")], name=name)
    model.compile(k.optimizers.SGD(0.5, momentum=0.5, name="sgd"), "mean_squared_error")
    model.optimizer.build(model.trainable_variables)
    return model


@WHO
@pytest.mark.parametrize("skipped", [["first"], ["inner", "last"]])
def test_objects_to_skip(who, skipped, tmp_path):
    k = LIBRARIES[who]
    model, stored = make(k), make(keras)
    for variable in stored.weights:
        variable.assign(np.full(variable.shape, 7.0))
    stored.save_weights(tmp_path / "w.weights.h5")
    k.saving.load_weights(model, tmp_path / "w.weights.h5", objects_to_skip=[model.get_layer(name) for name in skipped])
    for layer in model.layers:
        assert all(np.all(np.asarray(value) == 7.0) for value in layer.get_weights()) == (layer.name not in skipped)


def test_skipped_objects_are_reported(tmp_path):
    model = make(amalthea)
    model.save_weights(tmp_path / "w.weights.h5")
    report = model.load_weights(tmp_path / "w.weights.h5", objects_to_skip=[model.get_layer("inner")])
    assert "layers/sequential/layers/dense" in report.left and "layers/dense" in report.loaded and not report.unused


@WHO
def test_a_skipped_object_need_not_fit(who, tmp_path):
    k = LIBRARIES[who]
    make(keras).save_weights(tmp_path / "w.weights.h5")
    model = k.Sequential([k.Input((5,)), k.layers.Dense(3), *make(k).layers[1:]])
    model.load_weights(tmp_path / "w.weights.h5", objects_to_skip=[model.layers[0]])


@WHO
@pytest.mark.parametrize("include", [True, False])
def test_optimizers_of_older_files(who, include, tmp_path):
    make(LIBRARIES[who]).save(tmp_path / "m.h5", include_optimizer=include)
    with h5py.File(tmp_path / "m.h5") as file:
        assert ("optimizer_weights" in file) == ("training_config" in file.attrs) == include
    for library in LIBRARIES.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if library is keras else "error")
            assert library.models.load_model(tmp_path / "m.h5").compiled == include


@WHO
def test_archives_always_say_how_the_model_was_compiled(who, tmp_path):
    make(LIBRARIES[who]).save(tmp_path / "m.keras", include_optimizer=False)
    for library in LIBRARIES.values():
        assert library.models.load_model(tmp_path / "m.keras").compiled


@WHO
@pytest.mark.parametrize("arguments", [{"save_format": "keras"}, {"zipped": True}])
def test_arguments_of_older_programs(who, arguments, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if who == "keras" else "error")
        make(LIBRARIES[who]).save(tmp_path / "m.keras", **arguments)


@WHO
@pytest.mark.parametrize(
    "call",
    [
        lambda k, m, d: m.save(d / "m.keras", unknown=1),
        lambda k, m, d: m.save(d / "m", save_format="h5"),
        lambda k, m, d: m.save(d / "m"),
        lambda k, m, d: m.save(5),
        lambda k, m, d: m.save(d / "m.keras", zipped=False),
        lambda k, m, d: m.save_weights(d / "m.h5"),
        lambda k, m, d: k.saving.save_weights(m, d / "m.weights.h5", unknown=1),
        lambda k, m, d: m.load_weights(d / "m.weights.h5", unknown=1),
        lambda k, m, d: k.saving.load_model(d / "nothing.keras"),
        lambda k, m, d: m.to_json(unknown=1),
        lambda k, m, d: k.models.model_from_json(5),
        lambda k, m, d: k.models.model_from_json("{"),
        lambda k, m, d: k.models.clone_model(m, unknown=1),
        lambda k, m, d: m.get_state_tree("unknown"),
        lambda k, m, d: m.set_state_tree({"unknown": {}}),
    ],
)
def test_refused(call, who, tmp_path):
    model = make(LIBRARIES[who])
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises((ValueError, TypeError)) as caught:
        call(LIBRARIES[who], model, tmp_path)
    assert who == "keras" or isinstance(caught.value, AmaltheaError)


def test_export_says_what_to_do_instead(tmp_path):
    with pytest.raises(NotImplementedError, match=r"keras\.models\.load_model\(path\)\.export"):
        make(amalthea).export(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@WHO
def test_scopes(who):
    k = LIBRARIES[who]
    assert k.saving.custom_object_scope is k.saving.CustomObjectScope is k.utils.CustomObjectScope
    one, two = (type(name, (k.layers.Layer,), {}) for name in ("One", "Two"))

    def read(name):
        return type(k.saving.deserialize_keras_object({"module": None, "class_name": name, "config": {}, "registered_name": name}))

    with k.saving.CustomObjectScope({"One": one}) as outer:
        with k.saving.CustomObjectScope({"Two": two}):
            assert read("Two") is two
            assert who == "keras" or read("One") is one  # with Keras, what is inside hides what is around it
        assert read("One") is one
        with pytest.raises((ValueError, TypeError)):
            read("Two")
    assert isinstance(outer, k.saving.CustomObjectScope)
    with pytest.raises((ValueError, TypeError)):
        read("One")


def shapes(tree):
    return {name: shapes(part) if isinstance(part, dict) else (np.shape(part), str(np.asarray(part).dtype)) for name, part in tree.items()}


def test_state_trees():
    ours, theirs = (make(library) for library in (amalthea, keras))
    for model in (ours, theirs):
        model.fit(np.ones((4, 4), "float32"), np.ones((4, 1), "float32"), verbose=0)
    expected = theirs.get_state_tree("numpy_array")
    found = ours.get_state_tree("numpy_array")
    assert shapes(found) == shapes(expected)
    ours.set_state_tree({"trainable_variables": expected["trainable_variables"], "optimizer_variables": expected["optimizer_variables"]})
    for mine, other in zip([*ours.weights, *ours.optimizer.variables], [*theirs.weights, *theirs.optimizer.variables], strict=True):
        np.testing.assert_array_equal(mine.numpy(), np.asarray(other))
    with pytest.raises(ValueError, match='Did you mean "m/first/kernel"'):
        ours.set_state_tree({"trainable_variables": {"m": {"first": {"kernl": 1.0}}}})
