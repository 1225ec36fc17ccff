"""The graph of DataSets and Transforms that emerges from inputs and outputs."""
