//! Runs against real databases: SQLite files in temporary folders, and PostgreSQL at 127.0.0.1:5432
//! (role postgres; `DBMIGRATE_TEST_POSTGRES` names another server), each test in a database of its
//! own. A server that does not answer fails the tests; none is skipped.

mod support;

mod concurrency;
mod failures;
mod interruption;
mod ledger;
mod outside;
mod raw_sql;
mod success;
