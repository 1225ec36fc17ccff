"""Where workloads run: what an executor promises, the installed ones by name, and a folder for each of ours.

What a workload computes is the runtime's matter.
"""
