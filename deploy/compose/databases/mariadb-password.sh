# shellcheck shell=bash
# Gives the account of deploy/grants the password that the exporter is given. The image's entrypoint reads this in, and
# has docker_process_sql, which speaks to the server as root.
escaped=$(sed "s/['\\\\]/\\\\&/g" /run/secrets/probe)
docker_process_sql <<SQL
ALTER USER 'conndrop'@'%' IDENTIFIED BY '$escaped';
SQL
unset escaped
