"""Policies: rules over a project as one environment means it, their arguments, waivers and the CrossGuard pack.

Checks that hold in every project are in `checks`.
"""
