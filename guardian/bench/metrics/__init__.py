"""`guardian bench metrics`: what metrics, rules and events cost, each beside what people use instead."""
