"""The base: its arguments, learning rate, state, and what it says of mistakes."""

import numpy as np
import pytest

import amalthea
from amalthea import ops, optimizers
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError, ShapeError, StateError
from amalthea.optimizers import schedules


def one(value=1.0, **kwargs):
    return amalthea.Variable([value], **kwargs)


def step(optimizer, variable, gradient=1.0):
    optimizer.apply([ops.convert_to_tensor([gradient])], [variable])
    return float(variable.numpy()[0])


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"lr": 0.1}, 'lr.*Did you mean "learning_rate"'),
        ({"momentun": 0.1}, 'momentun.*Did you mean "momentum"'),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "At most one"),
        ({"momentum": 2.0}, "`momentum` must be a number in"),
        ({"use_ema": True, "ema_momentum": 2.0}, "ema_momentum=2.0"),
        ({"ema_overwrite_frequency": 0}, "at least 1"),
        ({"gradient_accumulation_steps": 1}, "at least 2"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
        ({"learning_rate": None}, "learning_rate=None"),
        ({"name": "a/b"}, "without '/'"),
    ],
)
def test_arguments_that_are_not_allowed(kwargs, words):
    with pytest.raises(ArgumentError, match=words):
        optimizers.SGD(**kwargs)


def test_the_old_argument_decay_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="decay"):
        optimizers.SGD(decay=0.1)


def test_learning_rates():
    assert step(optimizers.SGD(0.5), one()) == 0.5
    assert step(optimizers.SGD(np.float32(0.5)), one()) == 0.5
    assert step(optimizers.SGD(lambda: 0.25), one()) == 0.75
    optimizer, weight = optimizers.SGD(0.5), one()
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate.numpy()) == 0.25
    assert step(optimizer, weight) == 0.75
    assert optimizer.get_config()["learning_rate"] == 0.25
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([1], [0.125, 0.0625])
    assert [v.name for v in optimizer.variables] == ["iteration"]
    assert step(optimizer, weight) == 0.625
    assert float(optimizer.learning_rate) == 0.0625
    with pytest.raises(ArgumentTypeError, match="cannot be set to a number"):
        optimizer.learning_rate = 0.1
    copy = optimizers.SGD.from_config(optimizer.get_config())
    assert copy._learning_rate.get_config() == optimizer._learning_rate.get_config()


def test_a_rate_changed_between_compiled_steps_counts():
    with amalthea.engine("jax"):
        optimizer, weight = optimizers.SGD(0.5), one()
        optimizer.build([weight])
        compiled = amalthea.engines.current().compile(lambda g: optimizer.apply([g]))
        compiled(np.ones(1, "float32"))
        optimizer.learning_rate = 0.25
        compiled(np.ones(1, "float32"))
        assert float(weight.numpy()[0]) == 0.25


def test_apply_without_weights_needs_build():
    optimizer = optimizers.SGD(0.5)
    with pytest.raises(NotBuiltError, match="build"):
        optimizer.apply([ops.ones((1,))])
    with pytest.raises(NotBuiltError, match="build"):
        optimizer.stateless_apply([], [], [])
    with pytest.raises(NotBuiltError, match="build"):
        optimizer.set_weights([])
    weight = one()
    optimizer.build([weight])
    optimizer.apply([ops.ones((1,))])
    assert weight.numpy() == 0.5
    with pytest.raises(ArgumentError, match="2 gradients for 1 weights"):
        optimizer.apply([ops.ones((1,))] * 2)
    with pytest.raises(ArgumentError, match="Unknown variable 'other'"):
        optimizer.apply([ops.ones((1,))], [one(name="other")])
    assert optimizer.apply([]) is None


def test_missing_gradients():
    a, b = one(name="a"), one(name="b")
    optimizer = optimizers.SGD(0.5)
    with pytest.warns(UserWarning, match=r"\['b'\]"):
        optimizer.apply([ops.ones((1,)), None], [a, b])
    assert (a.numpy(), b.numpy()) == (0.5, 1.0)
    with pytest.raises(ArgumentError, match="no gradient for any"):
        optimizer.apply([None, None], [a, b])


def test_apply_gradients_takes_pairs_and_gives_the_count():
    weight, optimizer = one(), optimizers.SGD(0.5)
    assert int(optimizer.apply_gradients(zip([ops.ones((1,))], [weight], strict=True)).numpy()) == 1
    assert weight.numpy() == 0.5


def test_some_weights_do_not_decay():
    kernel, bias, other = one(name="kernel"), one(name="my_bias"), one(name="other")
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[other], var_names=["bias"])
    optimizer.apply([ops.zeros((1,))] * 3, [kernel, bias, other])
    assert [float(v.numpy()[0]) for v in (kernel, bias, other)] == [0.5, 1.0, 1.0]
    with pytest.raises(StateError, match="before"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_clipping():
    def gradient_after(**kwargs):
        a, b = amalthea.Variable([0.0, 0.0]), amalthea.Variable([0.0])
        optimizers.SGD(1.0, **kwargs).apply([ops.array([3.0, -4.0]), ops.array([12.0])], [a, b])
        return [*(-a.numpy()), *(-b.numpy())]

    np.testing.assert_allclose(gradient_after(clipnorm=1.0), [0.6, -0.8, 1.0], rtol=1e-6)
    np.testing.assert_allclose(gradient_after(clipnorm=20.0), [3.0, -4.0, 12.0], rtol=1e-6)
    np.testing.assert_allclose(gradient_after(clipvalue=3.5), [3.0, -3.5, 3.5], rtol=1e-6)
    np.testing.assert_allclose(gradient_after(global_clipnorm=1.3), [0.3, -0.4, 1.2], rtol=1e-6)


def test_norms_of_half_precision_do_not_overflow():
    weight = amalthea.Variable(np.zeros(4), dtype="float16")
    optimizers.SGD(1.0, clipnorm=1.0).apply([ops.full((4,), 300.0, dtype="float16")], [weight])
    np.testing.assert_allclose(weight.numpy(), -0.5, rtol=1e-3)


def test_moving_averages():
    weight, optimizer = one(0.0), optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    seen = [step(optimizer, weight, -1.0) for _ in range(3)]
    assert seen == [1.0, 2.0, 3.0]
    optimizer.finalize_variable_values([weight])
    # The average starts from 1, then is halfway to 2, then halfway from there to 3.
    assert weight.numpy() == 2.25


def test_accumulated_gradients():
    weight, optimizer = one(0.0), optimizers.SGD(1.0, gradient_accumulation_steps=3)
    seen = [step(optimizer, weight, gradient) for gradient in (1.0, 2.0, 6.0, 1.0)]
    assert seen == [0.0, 0.0, -3.0, -3.0]
    assert int(optimizer.iterations) == 1


def test_scaled_losses():
    optimizer, weight = optimizers.SGD(0.5, loss_scale_factor=4.0), one()
    assert optimizer.scale_loss(2.0) == 8.0
    assert step(optimizer, weight, 4.0) == 0.5
    assert optimizers.SGD().scale_loss(2.0) == 2.0


def test_weights_can_be_set_saved_and_loaded():
    optimizer, weight = optimizers.Adam(0.5), amalthea.Variable([1.0, 2.0])
    optimizer.build([weight])
    values = [np.array(7), np.array(0.25), np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    optimizer.set_weights(values)
    assert int(optimizer.iterations.numpy()) == 7
    store = {}
    optimizer.save_own_variables(store)
    assert sorted(store) == ["0", "1", "2", "3"]
    other = optimizers.Adam(0.5)
    other.build([weight])
    other.load_own_variables(store)
    for variable, value in zip(other.variables, values, strict=True):
        np.testing.assert_allclose(variable.numpy(), value)
    with pytest.raises(ArgumentError, match="must have 4 values"):
        other.set_weights(values[:2])
    with pytest.raises(ShapeError):
        other.set_weights([values[0], values[1], np.ones(3), values[3]])
    with pytest.warns(UserWarning, match="4 variables, but 1 were saved"):
        other.load_own_variables({"0": np.array(9)})
    assert int(other.iterations.numpy()) == 7


def test_stateless_steps_leave_the_state_alone():
    weight, optimizer = one(), optimizers.SGD(0.5)
    optimizer.build([weight])
    new, own = optimizer.stateless_apply([v.value for v in optimizer.variables], [ops.ones((1,))], [ops.array([5.0])])
    assert float(new[0][0]) == 4.5
    assert int(own[0]) == 1
    assert weight.numpy() == 1.0
    assert int(optimizer.iterations.numpy()) == 0
    with pytest.raises(ArgumentError, match="`optimizer_variables` must have 2 values"):
        optimizer.stateless_apply([], [ops.ones((1,))], [ops.array([5.0])])
    with pytest.raises(ArgumentError, match="`trainable_variables` must have 1 values"):
        optimizer.stateless_apply([v.value for v in optimizer.variables], [ops.ones((1,))], [])


def test_variables_in_attributes_are_the_optimizers_own():
    class Noting(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.last = amalthea.Variable(0.0, name="last")

        def update_step(self, gradient, variable, learning_rate):
            self.assign(self.last, ops.sum(gradient))
            self.assign_sub(variable, gradient * learning_rate)

    optimizer, weight = Noting(0.5), one()
    assert step(optimizer, weight, 0.5) == 0.75
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", "last"]
    assert float(optimizer.variables[2].numpy()) == 0.5
    assert not any(v is weight for v in optimizer.variables)


def test_a_base_without_a_step():
    with pytest.raises(NotImplementedError, match="update_step"):
        step(optimizers.Optimizer(0.1), one())


def test_weights_that_their_gradients_replace():
    scale, weight = one(), one()
    scale.overwrite_with_gradient = True
    optimizers.Adam(0.5).apply([ops.array([7.0]), ops.array([1.0])], [scale, weight])
    assert scale.numpy() == 7.0
    np.testing.assert_allclose(weight.numpy(), 0.5, rtol=1e-5)


def test_loss_scale_grows_and_shrinks():
    weight = one(0.0)
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=4.0, dynamic_growth_steps=2)
    optimizer.build([weight])
    scales = []
    for gradient in (4.0, 4.0, np.inf, 4.0):
        optimizer.apply([ops.array([gradient])])
        scales.append(float(optimizer.scale_loss(ops.ones(()))))
    assert scales == [4.0, 8.0, 4.0, 4.0]
    assert weight.numpy() == -3.0
    assert int(optimizer.iterations.numpy()) == 3
    with pytest.raises(ArgumentTypeError, match="inner_optimizer"):
        optimizers.LossScaleOptimizer("sgd")
    with pytest.raises(ArgumentError, match=r"'clipnorm'.*inner"):
        optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0)


def test_maps_of_optimizers():
    a, b = optimizers.SGD(0.5), optimizers.SGD(0.25)
    chosen = optimizers.OptimizerMap(a, {"encoder/.*": b})
    assert chosen["encoder/kernel"] is b
    assert chosen["my_encoder/kernel"] is a
    assert list(chosen) == ["encoder/.*"]
    with pytest.raises(ArgumentError, match="already"):
        chosen["encoder/.*"] = a
    chosen[".*kernel"] = a
    with pytest.raises(ArgumentError, match="several keys"):
        chosen["encoder/kernel"]
    with pytest.raises(ArgumentTypeError, match="default_optimizer"):
        optimizers.OptimizerMap("sgd")
    by_function = optimizers.MultiOptimizer(lambda variable: b if variable.name == "b" else a)
    weights = [one(name="a"), one(name="b")]
    by_function.apply([ops.ones((1,)), None], weights)
    by_function.apply([ops.ones((1,))] * 2, weights)
    assert [float(v.numpy()[0]) for v in weights] == [0.0, 0.75]
    with pytest.raises(AttributeError, match="optimizers"):
        _ = by_function.learning_rate
