"""The Pulumi engine: finding, installing, building and caching it; not running it."""
