-- The account with which conndrop-exporter probes a PostgreSQL server, 13 or later.
-- Run it once, as a superuser:  psql -f postgresql.sql
-- The name stands in the target's URL, the password in an environment variable or a file; choose your own.

-- Enough to log in, as every probe does, and to watch and end the account's own sessions.
-- Where the right to connect was taken from PUBLIC, it has to be given for the URL's database:
--   GRANT CONNECT ON DATABASE app TO conndrop;
CREATE ROLE conndrop LOGIN PASSWORD 'change-me';

-- What the sessions of other accounts are doing: their states, how old their transactions are, and who waits
-- for a lock. Without it they are only counted, as hidden. It shows no table, but it does show the text of
-- running queries, which conndrop-exporter never asks for.
GRANT pg_read_all_stats TO conndrop;
