"""The Pulumi engine: looking for it, installing it, building it, keeping it."""
