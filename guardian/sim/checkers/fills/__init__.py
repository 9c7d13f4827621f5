"""Laws about rules that go by what was traded: whose lots they are, and what nobody has told."""
