"""What MySQL and MariaDB say, and which cause it means."""

from exporter.model import Cause

NUMBERS: dict[int, Cause] = {
    1021: Cause.SERVER_RESOURCE,  # disk full
    1037: Cause.SERVER_RESOURCE,  # out of memory
    1038: Cause.SERVER_RESOURCE,  # out of sort memory
    1040: Cause.SERVER_SATURATED,  # too many connections
    1041: Cause.SERVER_RESOURCE,  # out of memory
    1044: Cause.AUTH_NOT_ALLOWED,  # access denied to the database
    1045: Cause.AUTH_CREDENTIALS,  # access denied; also where TLS is demanded and not used
    1049: Cause.AUTH_NOT_ALLOWED,  # unknown database
    1053: Cause.SERVER_RESTART,  # server shutdown in progress
    1114: Cause.SERVER_RESOURCE,  # table full
    1129: Cause.SERVER_HOST_BLOCKED,
    1130: Cause.AUTH_NOT_ALLOWED,  # host is not allowed to connect
    1135: Cause.SERVER_RESOURCE,  # cannot create a new thread
    1142: Cause.AUTH_NOT_ALLOWED,  # command denied
    1153: Cause.SERVER_RESOURCE,  # packet bigger than max_allowed_packet
    1203: Cause.SERVER_ACCOUNT_LIMIT,  # max_user_connections
    1205: Cause.SERVER_SLOW_QUERY,  # lock wait timeout
    1226: Cause.SERVER_ACCOUNT_LIMIT,  # a resource limit of the account
    1227: Cause.AUTH_NOT_ALLOWED,  # a privilege is missing
    1290: Cause.SERVER_READ_ONLY,
    1317: Cause.SERVER_SLOW_QUERY,  # query interrupted
    1698: Cause.AUTH_CREDENTIALS,  # access denied, without a password
    1792: Cause.SERVER_READ_ONLY,
    1820: Cause.AUTH_CREDENTIALS,  # password must be reset first
    1836: Cause.SERVER_READ_ONLY,
    1862: Cause.AUTH_CREDENTIALS,  # password expired
    1927: Cause.SERVER_SESSION_KILLED,  # MariaDB: connection was killed
    1969: Cause.SERVER_SLOW_QUERY,  # MariaDB: max_statement_time
    3024: Cause.SERVER_SLOW_QUERY,  # MySQL: max_execution_time
    3032: Cause.AUTH_NOT_ALLOWED,  # offline mode
    3118: Cause.AUTH_CREDENTIALS,  # account locked
    3159: Cause.AUTH_NOT_ALLOWED,  # only secure transports are allowed
    3169: Cause.SERVER_SESSION_KILLED,  # MySQL: session was killed
    3955: Cause.AUTH_CREDENTIALS,  # account blocked for a time after failed logins
    4031: Cause.SERVER_IDLE_TIMEOUT,  # MySQL: disconnected because of inactivity
    4151: Cause.AUTH_CREDENTIALS,  # MariaDB: account locked
}
"""Error number to cause (the servers' own error references). PyMySQL's client numbers are not in here."""


def cause(number: int) -> Cause:
    """Name the cause of a refusal by the number the server gave."""
    return NUMBERS.get(number, Cause.UNKNOWN)
