"""The generic runtimes, which run the command or the image of a Transform: what a manifest says to them."""
