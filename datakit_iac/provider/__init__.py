"""The plugin `pulumi-resource-datakit`: how the engine's calls become work.

Nothing about the graph, policies or approvals is decided here.
"""
