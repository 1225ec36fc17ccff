"""The commands of `dk`, one module for each, by the words that call it: `dk dataset create` is `dataset/create.py`.

What several commands need is beside this package, not in it.
"""
