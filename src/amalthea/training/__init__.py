"""Training: steps, the trainer, data sources, callbacks and progress."""
