"""How something wrong is reported: a finding, its code, where it is, and text that is safe to print.

The checks that make findings are in the packages that own what they check.
"""
