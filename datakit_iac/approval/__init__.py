"""Plans that people agree to before anything is applied: as data, signed with SSH keys, verified by one gate.

What is planned is decided by the engine and the provider.
"""
