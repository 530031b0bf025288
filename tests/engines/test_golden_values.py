"""Golden values of one engine hold on every other."""

import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import ModelFileError
from amalthea.saving import load_model, verify_golden
from amalthea.testing.choice import engines_to_test
from parity.saving import zoo

ENGINES = engines_to_test()


@amalthea.saving.register_keras_serializable("golden")
class DoublesOn(layers.Layer):
    """Twice its input on one engine, once elsewhere."""

    engine = ""

    def call(self, x):
        return ops.multiply(x, 2.0 if amalthea.backend.backend() == DoublesOn.engine else 1.0)


@pytest.fixture(scope="module", params=["several_inputs", "recurrent", "subclassed"])
def model(request):
    """A model, and what golden values are to be made of."""
    return zoo.stirred(amalthea, request.param), request.param in zoo.GRAPHS or zoo.MODELS[request.param][1]


@pytest.mark.parametrize("writer", ENGINES)
def test_every_engine_computes_what_another_did(model, writer, tmp_path):
    with amalthea.engine(writer):
        model[0].save(tmp_path / "m.keras", golden=model[1])
    for reader in ENGINES:
        with amalthea.engine(reader):
            loaded = load_model(tmp_path / "m.keras", golden=True)
            found = verify_golden(loaded, tmp_path / "m.keras")
        assert found.reference == writer and {row.engine for row in found.comparisons} == {reader}
        assert {layer.path for layer in loaded.layers} & {row.name for row in found.comparisons}


@pytest.mark.skipif(len(ENGINES) < 2, reason="one engine is tested here")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_layer_that_is_wrong_on_one_engine_is_named(engine, tmp_path):
    writer = next(name for name in ENGINES if name != engine)
    DoublesOn.engine = engine
    with amalthea.engine(writer):
        model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2, name="good"), DoublesOn(name="bad"), layers.Dense(1, name="after")])
        model.save(tmp_path / "m.keras", golden=True)
        load_model(tmp_path / "m.keras", golden=True)
    with (
        amalthea.engine(engine),
        pytest.raises(ModelFileError, match=rf"On the engine '{engine}', the output of '(\w+/)?bad' is not what it was on '{writer}'"),
    ):
        load_model(tmp_path / "m.keras", golden=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_is_checked_on_the_engine_that_it_lives_on(engine, tmp_path):
    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2)])
    model.save(tmp_path / "m.keras", golden=True)
    model.to_engine(engine)
    assert {row.engine for row in verify_golden(model, tmp_path / "m.keras").comparisons} == {engine}
