"""Plans that people agree to before anything is applied: as data, signed with SSH keys, verified at the one door."""
