"""The executor `local`: processes of this machine, each under a supervisor, and the folders they run with."""
