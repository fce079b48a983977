"""`lab sweep`: how long a burst takes in each design against its size, predicted and measured."""
