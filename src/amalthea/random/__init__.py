"""Random draws and their seeds."""

from amalthea.random.draws import beta, binomial, categorical, dropout, gamma, normal, randint, shuffle, truncated_normal, uniform
from amalthea.random.seed import SeedGenerator

__all__ = ["SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal", "uniform"]
