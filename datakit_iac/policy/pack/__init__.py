"""The CrossGuard pack: the rules of `dk validate` on the resources that the engine sees, before they are made."""
