"""A read-only exhibit of one diplomatic meeting, as a pure function of its seed."""

__version__ = "1.0.0"

INTERRUPTED = 130
"""What a shell says of a program that was interrupted."""
