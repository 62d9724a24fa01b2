"""The service: storage, services, command line, HTTP doors."""
