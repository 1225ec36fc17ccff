"""What is checked before anything is touched: `lint` without an environment, `validate` in one.

Other packages check what is theirs; only here are checks put together.
"""
