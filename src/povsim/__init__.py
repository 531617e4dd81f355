"""povsim: a planning laboratory for poverty-exit targets."""

__version__ = "0.1.0"
