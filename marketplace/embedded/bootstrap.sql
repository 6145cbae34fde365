-- Roles, database and rights. psql runs this as a superuser, and may run it again.
-- Used by marketplace.embedded and by docker-compose.yml (as an init script).
-- Passwords come from the environment: MARKETPLACE_OWNER_PASSWORD, MARKETPLACE_APP_PASSWORD.
--
-- marketplace_owner  owns the database and all tables; migrations run as this role.
-- marketplace_app    reads and writes rows; web and workers run as this role. It owns
--                    nothing, so it cannot switch off the triggers that guard the ledger.
\set ON_ERROR_STOP on
\set QUIET on
\getenv owner_password MARKETPLACE_OWNER_PASSWORD
\getenv app_password MARKETPLACE_APP_PASSWORD

SELECT 'CREATE ROLE marketplace_owner'
 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'marketplace_owner') \gexec
SELECT 'CREATE ROLE marketplace_app'
 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'marketplace_app') \gexec

ALTER ROLE marketplace_owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE marketplace_app LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE PASSWORD :'app_password';

SELECT 'CREATE DATABASE marketplace OWNER marketplace_owner'
 WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'marketplace') \gexec

-- The owner may drop its triggers anyway; this lets a test empty append-only tables for one act.
GRANT SET ON PARAMETER session_replication_role TO marketplace_owner;

ALTER DATABASE marketplace SET timezone TO 'UTC';
REVOKE ALL ON DATABASE marketplace FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE marketplace TO marketplace_app;

\connect marketplace
GRANT USAGE ON SCHEMA public TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT USAGE, SELECT ON SEQUENCES TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT EXECUTE ON FUNCTIONS TO marketplace_app;

-- A database made from the template, such as one for tests, gives the same rights.
\connect template1
GRANT USAGE ON SCHEMA public TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT USAGE, SELECT ON SEQUENCES TO marketplace_app;
ALTER DEFAULT PRIVILEGES FOR ROLE marketplace_owner
    GRANT EXECUTE ON FUNCTIONS TO marketplace_app;
