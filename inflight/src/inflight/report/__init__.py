"""The HTML report: one file that shows where the time of every request of a run went."""
