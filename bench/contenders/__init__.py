"""The contenders: each module adds one of them to the service, as its own documentation says, and nothing else."""
