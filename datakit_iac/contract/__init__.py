"""The shapes of what crosses from a program to the provider, encoded and decoded once; pure data.

What is done with them is in `resources` on one side and in `provider` on the other.
"""
