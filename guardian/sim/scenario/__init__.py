"""What one seed draws: accounts, market, bots, rules, operator, and which faults exist."""
