//! What `render` writes, run on real databases: each kind of change with rows in the tables, its
//! inverse, and again; compared by the database's own words.

#![allow(clippy::disallowed_methods, unreachable_pub, reason = "a test touches files; its modules are its own")]

mod changes;
mod database;
mod ledger;
mod locks;
mod names;
mod project;
mod random;
mod rebuilds;
mod rows;
