"""Cases as text: facts above `----`, guardian's deeds below it. docs/rules.md, "Testing", shows the format.

One format for the tests of rule packs, for golden tests, and for what a simulator or a rehearsal has to tell.
`read` parses it, `play` takes the facts through the step() that the daemon runs, `book` compares and
rewrites, `coverage` says what is left unproven. `tell` puts events and what followed from them into its
words, and `write` makes a case of them.
"""
