"""GraphQL over the same operations as REST; it reads the world and changes nothing by itself."""

from .server import fields_of, mount

__all__ = ["fields_of", "mount"]
