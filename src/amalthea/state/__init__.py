"""State: variables, the scopes that stand in for them, names, masks, and the tracking of attributes."""

from amalthea.state.naming import name_scope
from amalthea.state.scope import StatelessScope, in_stateless_scope
from amalthea.state.variable import Variable

__all__ = ["StatelessScope", "Variable", "in_stateless_scope", "name_scope"]
