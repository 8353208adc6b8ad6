"""Use cases of the portal: plain functions on a session; nothing here knows of HTTP."""
