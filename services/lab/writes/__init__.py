"""`lab writes`: does blocking protect data? How many of the increments sent at once arrive."""
