"""Models: networks that are trained, summarized and saved."""

from amalthea.models.cloning import clone_model, model_from_json
from amalthea.models.functional import Functional
from amalthea.models.model import Model
from amalthea.models.sequential import Sequential
from amalthea.saving import load_model, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
