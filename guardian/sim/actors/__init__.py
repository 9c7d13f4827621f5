"""Who moves the world besides guardian: the market, the bots, the operator, and the venue itself."""
