"""One sync of CloudQuery into an SQL database, as one transaction: what all databases have in common."""
