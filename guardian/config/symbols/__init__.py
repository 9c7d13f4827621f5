"""Lists of symbols in files of their own, which a rule's `of` reads."""
