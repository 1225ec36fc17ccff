"""The fallback Python language host: what the engine starts to run Python programs and plugins.

Used only where no official `pulumi-language-python` is beside the engine or on PATH.
"""
