"""The commands of `dk`, one module for each, by the words that call it: `dk dataset create` is `dataset/create.py`.

`dk logs` and `dk stop`, which are about one Run, are in `runs`. What several commands need is beside this package.
"""
