"""Measurements, each side beside the other in one call; results lie in `results/`."""
