"""The pages that a person reads; they show the world and never change it."""

from .server import mount

__all__ = ["mount"]
