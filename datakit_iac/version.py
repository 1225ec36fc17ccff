"""The version of the package, read by the build and by the provider's schema."""

__version__ = "0.1.0"
