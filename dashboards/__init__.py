"""The Grafana dashboards, as code. `python -m dashboards` writes the JSON that Grafana is provisioned with."""
