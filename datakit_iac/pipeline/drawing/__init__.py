"""The graph as a drawing: its model, its layout, and one module for each format.

The graph itself is in `pipeline.graph`.
"""
