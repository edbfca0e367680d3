//! What `render` writes, run on real databases: each kind of change with rows in the tables, its
//! inverse, and again; compared by the database's own words.

mod changes;
mod database;
mod ledger;
mod locks;
mod names;
mod project;
mod random;
mod rebuilds;
mod rows;
#[cfg(feature = "cli")]
mod sea_query;
