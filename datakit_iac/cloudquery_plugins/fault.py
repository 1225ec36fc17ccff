"""What a plugin refuses."""


class PluginFault(Exception):  # noqa: N818 - a fault of what the plugin was given
    """What the plugin was given is wrong; the message says what was found, expected, and to do."""
