"""Look, without touching anything: the daemon, the account, the journal."""
