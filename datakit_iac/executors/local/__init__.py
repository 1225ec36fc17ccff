"""The executor `local`: processes of this machine, their supervisor and run folders; nothing of what a job computes."""
