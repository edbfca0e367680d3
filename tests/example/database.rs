//! What a scenario asks of a database, each answered in the database's own words.

use std::collections::BTreeMap;

/// A database of one test; it goes when the value does.
pub trait Database {
    /// The name in `backends`.
    fn backend(&self) -> &'static str;

    /// What `--database-url` is to be.
    fn url(&self) -> String;

    /// The schema less the ledger, spelled so that two equal schemas are equal texts,
    /// whatever way led to them. Column order does not count. Empty for an empty database.
    fn schema(&self) -> String;

    /// Schema and rows, all but the rows of `dbmigrate_runs`.
    fn dump(&self) -> String;

    /// Runs SQL of the test.
    fn execute(&self, sql: &str);

    /// One value, or rows of them, one a line.
    fn query(&self, sql: &str) -> String;

    /// Names of the tables, less the ledger's.
    fn tables(&self) -> Vec<String>;

    /// How many rows each table has, by one question.
    fn row_counts(&self) -> BTreeMap<String, String> {
        let tables = self.tables();
        let ask = |(at, table): (usize, &String)| format!("SELECT {at}, count(*) FROM \"{table}\"");
        let asked: Vec<String> = tables.iter().enumerate().map(ask).collect();
        if asked.is_empty() {
            return BTreeMap::new();
        }
        let answers = self.query(&format!("{} ORDER BY 1", asked.join(" UNION ALL ")));
        let counts: Vec<&str> = answers.lines().filter_map(|line| Some(line.split_once(['|', '\t'])?.1)).collect();
        assert_eq!(counts.len(), tables.len(), "{answers}");
        tables.iter().cloned().zip(counts.iter().map(ToString::to_string)).collect()
    }

    /// How many runs the ledger tells of, by outcome.
    fn runs(&self, outcome: &str) -> usize {
        self.query(&format!("SELECT count(*) FROM dbmigrate_runs WHERE outcome = '{outcome}'")).parse().unwrap()
    }
}

/// A dump with the lines between the brackets of each CREATE TABLE sorted, since the order of columns does not count.
/// `end` gives the line that ends the columns, as it is to stand.
pub fn sort_columns(dump: &str, end: fn(&str) -> Option<String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut columns: Option<Vec<String>> = None;
    for line in dump.lines() {
        match (columns.take(), end(line)) {
            (Some(mut found), Some(last)) => {
                found.sort();
                lines.append(&mut found);
                lines.push(last);
            }
            (Some(mut found), None) => {
                found.push(line.trim_end_matches(',').to_owned());
                columns = Some(found);
            }
            (None, _) => {
                if line.starts_with("CREATE TABLE ") && line.ends_with('(') {
                    columns = Some(Vec::new());
                }
                lines.push(line.to_owned());
            }
        }
    }
    lines.join("\n")
}
