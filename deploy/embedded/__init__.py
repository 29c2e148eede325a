"""PostgreSQL, a broker and every service as processes of one machine, supervised by us."""
