"""Callbacks: what is called while a model is trained, evaluated or asked for predictions."""

from amalthea.training.callbacks.backup_and_restore import BackupAndRestore
from amalthea.training.callbacks.callback import Callback
from amalthea.training.callbacks.callback_list import CallbackList
from amalthea.training.callbacks.csv_logger import CSVLogger
from amalthea.training.callbacks.early_stopping import EarlyStopping
from amalthea.training.callbacks.history import History
from amalthea.training.callbacks.lambda_callback import LambdaCallback
from amalthea.training.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from amalthea.training.callbacks.model_checkpoint import ModelCheckpoint
from amalthea.training.callbacks.progbar_logger import ProgbarLogger
from amalthea.training.callbacks.remote_monitor import RemoteMonitor
from amalthea.training.callbacks.swap_ema_weights import SwapEMAWeights
from amalthea.training.callbacks.tensorboard import TensorBoard
from amalthea.training.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
