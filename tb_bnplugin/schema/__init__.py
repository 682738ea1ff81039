"""What is on disk: tables, metadata and the JSON documents, each with its reader beside its writer."""
