"""What is in flight at this moment: the page `/requests` of the admin port."""
