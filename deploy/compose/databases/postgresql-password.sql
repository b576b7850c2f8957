-- Gives the account of deploy/grants the password that the exporter is given.
\set password `cat /run/secrets/probe`
ALTER ROLE conndrop PASSWORD :'password';
