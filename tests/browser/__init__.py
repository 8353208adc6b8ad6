"""Tests that act in a browser as a person does."""
