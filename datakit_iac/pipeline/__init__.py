"""The graph of DataSets and Transforms that emerges from inputs and outputs.

What runs, and when, is decided by the engine from it.
"""
