"""What commands print: findings in each format, colour, progress. What they find is decided elsewhere."""
