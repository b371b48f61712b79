"""The ledger: the only truth about submissions, jobs, tasks, attempts, nodes and artifacts."""
