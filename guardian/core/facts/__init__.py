"""What is told beside the account's own snapshots: the market, what was done, what the stack says. Shapes only."""
