"""What is on disk: tables, metadata and JSON documents, each with its reader beside its writer."""
