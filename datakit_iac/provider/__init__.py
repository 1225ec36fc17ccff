"""The plugin `pulumi-resource-datakit`: how the engine's calls become work."""
