"""The sender: sends the tasks, logs as the article's sender does, and keeps the ledger of every request."""
