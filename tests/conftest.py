"""Settings of all tests: the oracle runs on the engine that is compared with, and every test starts from the same seed."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis
import pytest

# A loaded machine must not fail a test.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("quick", max_examples=25, derandomize=True, **PATIENT)
hypothesis.settings.register_profile("thorough", max_examples=1000, **PATIENT)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_report_header():
    from amalthea.engines import available
    from amalthea.testing.choice import engines_to_test

    chosen = engines_to_test()
    left_out = [name for name in available() if name not in chosen]
    return f"engines: {', '.join(chosen)}" + (f" (left out, because not installed or not asked for: {', '.join(left_out)})" if left_out else "")


@pytest.fixture(autouse=True)
def _same_start():
    """The same seed and fresh names for every test; the default engine afterwards."""
    import amalthea
    from amalthea.state import naming

    amalthea.utils.set_random_seed(1234)
    naming.reset_names()
    yield
