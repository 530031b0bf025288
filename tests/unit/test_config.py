"""Settings: their defaults, what changes them, what they refuse."""

import contextvars
import json
import os
import subprocess
import sys
import threading

import pytest

import amalthea
from amalthea import config
from amalthea.errors import ArgumentError, SerializationError


@pytest.mark.parametrize(
    ("read", "change", "default", "other"),
    [
        (config.floatx, config.set_floatx, "float32", "bfloat16"),
        (config.epsilon, config.set_epsilon, 1e-7, 1e-5),
        (config.image_data_format, config.set_image_data_format, "channels_last", "channels_first"),
        (config.max_epochs, config.set_max_epochs, None, 3),
        (config.max_steps_per_epoch, config.set_max_steps_per_epoch, None, 0),
    ],
)
def test_settings(read, change, default, other):
    assert read() == default
    change(other)
    try:
        assert read() == other
    finally:
        change(default)
    assert read() == default


@pytest.mark.parametrize(
    ("enable", "disable", "read"),
    [
        (config.enable_interactive_logging, config.disable_interactive_logging, config.is_interactive_logging_enabled),
        (config.enable_traceback_filtering, config.disable_traceback_filtering, config.is_traceback_filtering_enabled),
        (config.enable_flash_attention, config.disable_flash_attention, config.is_flash_attention_enabled),
        (config.enable_finite_check, config.disable_finite_check, config.is_finite_check_enabled),
    ],
)
def test_switches(enable, disable, read):
    before = read()
    enable()
    assert read() is True
    disable()
    assert read() is False
    enable() if before is not False else disable()  # None: as if enabled


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: config.set_floatx("float128"), "'float32'"),
        (lambda: config.set_image_data_format("channels"), "'channels_first'"),
        (lambda: config.standardize_data_format("nchw"), "nchw"),
        (lambda: config.set_max_epochs(-1), "max_epochs"),
        (lambda: config.set_max_epochs(True), "max_epochs"),
        (lambda: config.set_engine("jaxx"), 'mean "jax"'),
    ],
)
def test_refusals_say_what_is_allowed(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_nothing_unsafe_is_enabled():
    with pytest.warns(UserWarning, match="never runs code from files"):
        config.enable_unsafe_deserialization()
    pickled = {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"name": "m", "module": "UEsDBA=="}, "registered_name": None}
    with pytest.raises(SerializationError, match="pickle"):
        amalthea.saving.deserialize_keras_object(pickled, safe_mode=False)


def test_settings_of_keras_are_there():
    import keras

    assert {name for name in dir(keras.config) if not name.startswith("_")} <= set(dir(config))
    assert config.is_nnx_enabled() is keras.config.is_nnx_enabled() is False


def test_data_format_in_any_case():
    assert config.standardize_data_format("Channels_First") == "channels_first"
    assert config.standardize_data_format(None) == "channels_last"


def test_the_engine_of_a_context():
    outside = config.backend()
    with amalthea.engine("numpy"):
        assert config.backend() == "numpy"
        with amalthea.engine("jax"):
            assert config.backend() == "jax"
        assert config.backend() == "numpy"
    assert config.backend() == outside


def test_another_thread_does_not_see_the_engine_of_a_context():
    seen = []
    with amalthea.engine("numpy"):
        thread = threading.Thread(target=lambda: seen.append(config.backend()))
        thread.start()
        thread.join()
        seen.append(contextvars.copy_context().run(config.backend))
    assert seen == ["jax", "numpy"]


def _in_a_process(code, **environment):
    settings = {key: value for key, value in os.environ.items() if key not in ("AMALTHEA_ENGINE", "KERAS_BACKEND", "KERAS_HOME")}
    run = subprocess.run([sys.executable, "-c", code], env=settings | environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "name"),
    [({}, "jax"), ({"KERAS_BACKEND": "numpy"}, "numpy"), ({"AMALTHEA_ENGINE": "numpy", "KERAS_BACKEND": "jax"}, "numpy")],
)
def test_the_engine_of_the_environment(environment, name):
    assert _in_a_process("import amalthea; print(amalthea.config.backend())", **environment) == name


def test_an_engine_that_there_is_not():
    code = "import amalthea\ntry:\n    amalthea.ops.ones(1)\nexcept amalthea.errors.ArgumentError as error:\n    print(error)"
    found = _in_a_process("import amalthea.errors\n" + code, KERAS_BACKEND="openvino")
    assert found.startswith("Unknown engine 'openvino'. That name stands in the environment variable KERAS_BACKEND. The engines are: numpy, jax")
    for choose in (config.set_engine, config.engine, amalthea.Sequential([amalthea.layers.Dense(1)]).to_engine):
        with pytest.raises(ArgumentError, match=r"Unknown engine 'trch'.*Did you mean \"torch\""):
            choose("trch")
        with pytest.raises(ArgumentError, match="Unknown engine 'symbolic'"):
            choose("symbolic")
    with pytest.raises(ArgumentError, match=r"Unknown engine None\. The engines are"):
        amalthea.Sequential().to_engine(None)


def test_the_settings_of_a_file(tmp_path):
    stored = {"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first", "backend": "torch", "other": 1}
    (tmp_path / "keras.json").write_text(json.dumps(stored))
    code = "from amalthea import config as c; print(c.floatx(), c.epsilon(), c.image_data_format())"
    assert _in_a_process(code, KERAS_HOME=str(tmp_path)) == "float16 0.001 channels_first"


def test_the_limits_of_the_environment():
    code = "from amalthea import config as c; print(c.max_epochs(), c.max_steps_per_epoch())"
    assert _in_a_process(code, KERAS_MAX_EPOCHS="3") == "3 None"
    assert _in_a_process(code, KERAS_MAX_EPOCHS="few", KERAS_MAX_STEPS_PER_EPOCH="7") == "None 7"


def test_a_file_that_is_not_one(tmp_path):
    code = "from amalthea import config as c; print(c.floatx(), c.epsilon(), c.image_data_format())"
    for text in ("no json", "[1]", '{"floatx": "float7", "epsilon": "small"}'):
        (tmp_path / "keras.json").write_text(text)
        assert _in_a_process(code, KERAS_HOME=str(tmp_path)) == "float32 1e-07 channels_last"
