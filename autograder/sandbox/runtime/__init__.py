"""
What runs inside the sandbox.

These files, `autograder/wire/` and nothing else of the project are copied to a folder that the
sandbox sees, under the same package names.
"""
