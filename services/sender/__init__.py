"""The sender as a service: the load on the cluster."""
