"""The project's own machinery: environment, documents, requirements; no part of the package."""
