"""A read-only exhibit of one diplomatic meeting, as a pure function of its seed."""

__version__ = "1.0.0"
