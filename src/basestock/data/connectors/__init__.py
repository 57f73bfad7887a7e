"""Connectors to business systems; their profiles are mapping files."""
