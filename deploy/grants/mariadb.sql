-- The probing account for MariaDB 10.5 and later, with the least it needs. As an administrator:
--
--     mariadb < deploy/grants/mariadb.sql
--
-- Change the password, and put in place of % the address from which the exporter connects. Where it connects
-- over TLS, add REQUIRE SSL behind the password. WITH MAX_USER_CONNECTIONS 10 behind that lets the server,
-- too, hold the account to ten connections; the exporter keeps to the fewer of this and its own budget.

-- To log in, to measure sessions, held connections and pools; limits, counters and settings.
-- A URL that names a database needs any one right in there; one without a database needs none.
CREATE USER 'conndrop'@'%' IDENTIFIED BY 'change-me';

-- Whose connections there are and what they do, transactions left open, waits for locks.
GRANT PROCESS ON *.* TO 'conndrop'@'%';

-- Whether the server is a replica, and how far it is behind (SLAVE MONITOR is the same).
GRANT REPLICA MONITOR ON *.* TO 'conndrop'@'%';

-- What follows MariaDB knows with performance_schema=ON only, which is not its default.
-- Hosts that the server has blocked for broken connections, or will soon.
GRANT SELECT ON performance_schema.host_cache TO 'conndrop'@'%';

-- Connections by application.
GRANT SELECT ON performance_schema.session_connect_attrs TO 'conndrop'@'%';
