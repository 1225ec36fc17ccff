"""The public API for authors of technologies, runtimes, executors and policy rules; re-exports only.

What is not here, in `datakit_iac` or in `datakit_iac.testing` is private: it may move or change in any release.
"""
