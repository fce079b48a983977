"""The service that all contenders are added to: the same small applications, once."""
