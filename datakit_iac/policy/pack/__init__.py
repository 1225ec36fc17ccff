"""The CrossGuard pack: the rules of `dk validate` on resources that are about to be made; no rules of its own."""
