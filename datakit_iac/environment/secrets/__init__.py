"""Where the values of ``${VARIABLE}`` come from.

Which names and texts are secret is decided in `findings.sensitive`.
"""
