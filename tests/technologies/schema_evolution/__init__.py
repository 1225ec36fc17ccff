"""Schema evolution: each kind of change on each technology, and the page that is made of what is seen."""
