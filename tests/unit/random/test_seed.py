"""Seeds: what follows from which, and what does not."""

import threading

import numpy as np
import pytest

import amalthea
from amalthea import random
from amalthea.errors import ArgumentError
from amalthea.random.seed import draw_seed, host_generator, make_default_seed, set_seed


def host(x):
    return amalthea.ops.convert_to_numpy(x)


def test_all_follows_from_one_seed():
    def run():
        amalthea.utils.set_random_seed(11)
        generator = random.SeedGenerator()
        return [make_default_seed(), host(random.normal((3,))), host(random.normal((3,))), host(random.normal((3,), seed=generator))]

    for a, b in zip(run(), run(), strict=True):
        np.testing.assert_array_equal(a, b)
    first = run()
    assert not np.array_equal(first[1], first[2])
    amalthea.utils.set_random_seed(12)
    assert make_default_seed() != first[0]
    assert not np.array_equal(host(random.normal((3,))), first[1])


def test_draws_without_a_seed_do_not_move_default_seeds():
    set_seed(5)
    expected = [make_default_seed() for _ in range(2)]
    set_seed(5)
    first = make_default_seed()
    random.normal((3,))
    assert [first, make_default_seed()] == expected


def test_every_engine_has_the_same_keys():
    keys = []
    for engine in ("numpy", "jax"):
        with amalthea.engine(engine):
            set_seed(5)
            keys.append([host(draw_seed(None)), host(draw_seed(None)), host(draw_seed(7)), host(random.SeedGenerator(7).next())])
    for a, b in zip(*keys, strict=True):
        np.testing.assert_array_equal(a, b)


def test_keys_do_not_repeat():
    generator = random.SeedGenerator(3)
    keys = [tuple(host(generator.next()).tolist()) for _ in range(4)]
    assert keys == [(3, 1), (3, 2), (3, 3), (3, 4)]
    assert generator.state.numpy().tolist() == [3, 4]
    # What an integer seed gives is none of them.
    assert tuple(host(draw_seed(3)).tolist()) == (3, 0)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_key_stays_when_the_next_is_drawn(engine):
    with amalthea.engine(engine):
        generator = random.SeedGenerator(3)
        first = generator.next()
        generator.next()
        assert host(first).tolist() == [3, 1]


def test_compiled_functions_draw_anew():
    with amalthea.engine("jax"):
        generator = random.SeedGenerator(3)
        compiled = amalthea.engines.current().compile(lambda: (random.uniform((4,), seed=generator), random.uniform((4,))))
        first, second = compiled(), compiled()
        for a, b in zip(first, second, strict=True):
            assert not np.array_equal(host(a), host(b))
        assert generator.state.numpy().tolist() == [3, 2]
        amalthea.utils.set_random_seed(9)
        again = host(compiled()[1])
        amalthea.utils.set_random_seed(9)
        np.testing.assert_array_equal(host(compiled()[1]), again)


def test_describing_a_model_draws_nothing():
    generator = random.SeedGenerator(3)
    symbol = random.dropout(amalthea.KerasTensor((None, 4)), 0.5, seed=generator)
    assert symbol.shape == (None, 4)
    assert generator.state.numpy().tolist() == [3, 0]


def test_host_generators():
    assert host_generator(1).random() == host_generator(1).random()
    assert host_generator(1).random() != host_generator(2).random()
    assert host_generator(1, 0).random() != host_generator(1, 1).random()
    assert host_generator(-1).random() != host_generator(1).random()
    generator = random.SeedGenerator(1)
    assert generator.host_generator().random() != generator.host_generator().random()


def test_seeds_made_by_many_threads_differ():
    made = []
    threads = [threading.Thread(target=lambda: made.extend(make_default_seed() for _ in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) > 795  # of 800 numbers below a billion


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True])
def test_seeds_that_are_not_allowed(seed):
    with pytest.raises(ArgumentError, match="`seed`"):
        random.SeedGenerator(seed)
    with pytest.raises(ArgumentError, match="`seed`"):
        set_seed(seed)
    if seed != -1:
        with pytest.raises(ArgumentError, match="`seed`"):
            random.normal((2,), seed=seed)


def test_generators_come_back_from_their_configurations():
    with pytest.raises(ArgumentError, match="below"):
        random.SeedGenerator(2**32)
    with pytest.raises(ArgumentError, match="sed"):
        random.SeedGenerator(sed=3)
    made = random.SeedGenerator(3, name="mine")
    copy = amalthea.saving.deserialize_keras_object(amalthea.saving.serialize_keras_object(made))
    assert copy.get_config() == {"seed": 3, "name": "mine"}
    assert copy.state.path == "mine/seed_generator_state"
    assert random.SeedGenerator().get_config()["seed"] is None
