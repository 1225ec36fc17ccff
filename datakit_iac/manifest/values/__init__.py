"""The forms of single values, such as versions and durations, each with its parser; nothing that knows the models.

Their expressions are texts: `re` compiles and keeps one when it is first used, and most projects use few of them.
"""
