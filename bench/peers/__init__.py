"""The peers: the same gateway as the users of other libraries write it, each at its own best settings.

All read PORT and BACKEND_URL from the environment, keep their connections to the backend alive, have no limit on their
number, and write no access log.
"""
