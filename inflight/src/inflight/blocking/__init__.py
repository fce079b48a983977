"""Who holds the event loop: a watchdog that looks at its stack, and the account of whom it has seen."""
