"""What people are told: when they may know it, in which words, and how it reaches them."""
