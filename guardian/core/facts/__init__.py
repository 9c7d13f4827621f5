"""What is told beside the account's own snapshots: the market, deeds, what the stack says. Shapes only."""
