"""The pages: HTTP in, template out."""
