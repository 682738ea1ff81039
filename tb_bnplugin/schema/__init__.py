"""The format on disk: tables, metadata and JSON documents. Each reader stands beside its writer."""
