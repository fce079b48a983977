"""What every command shares: how it starts and ends, what it prints, and the files that it writes."""
