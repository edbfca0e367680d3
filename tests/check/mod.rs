//! `dbmigrate check` as its users meet it: the classic mistakes, each with what a person sees of
//! it; `--fix`; the pages, each with manifests that are what it says; formats and exit codes.

mod cases;
mod command;
mod ledger;
mod pages;
mod sarif;
mod support;
