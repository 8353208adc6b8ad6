"""
Readers of untrusted bytes, fuzzed: led by coverage in `make fuzz`, replayed by `make test`.

    targets/NAME.py     a property of one reader, and what fuzzing begins with
    corpora/NAME/       inputs that together reach what was ever reached, few and small
    crashes/NAME/       inputs that once broke the property; each has a test of its own, too
"""
