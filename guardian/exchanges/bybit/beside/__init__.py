"""What is told beside a snapshot: the public market, and what was done on the account. Nothing here acts."""
