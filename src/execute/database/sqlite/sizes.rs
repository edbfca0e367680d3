//! How many rows tables have, as far as it is cheap to know.

use super::Sqlite;
use crate::backend::Backend;
use crate::execute::database::Size;
use crate::execute::words::DatabaseWords;

/// The names of the tables that stand.
const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";

impl Sqlite {
    /// How many rows tables have that have no more than `most`.
    pub(in crate::execute::database) fn few_rows<T: AsRef<str>>(&self, tables: &[T], most: u64) -> Vec<Option<u64>> {
        /// How many tables go into one query.
        const AT_ONCE: usize = 100;
        let mut counts = Vec::with_capacity(tables.len());
        for batch in tables.chunks(AT_ONCE) {
            // One that does not stand fails all of them: then nothing is told.
            let rows = self.read(&counting(batch, most.saturating_add(1))).unwrap_or_default();
            let cells = rows.into_iter().next().unwrap_or_default().into_iter();
            let told = cells.map(|cell| cell.and_then(|count| count.parse().ok()).filter(|count| *count <= most));
            counts.extend(told.chain(std::iter::repeat(None)).take(batch.len()));
        }
        counts
    }

    /// The names of all tables; of none where there are more than `most`, or they cannot be told.
    pub(in crate::execute::database) fn tables(&self, most: usize) -> Vec<String> {
        let rows = self.read(&format!("{TABLES} LIMIT {}", most.saturating_add(1))).unwrap_or_default();
        if rows.len() > most {
            return Vec::new();
        }
        rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
    }

    pub(in crate::execute::database) async fn standing(
        &mut self,
        tables: &[(Option<String>, String)],
    ) -> Result<Vec<Option<Size>>, DatabaseWords> {
        /// How many tables go into one query.
        const AT_ONCE: usize = 200;
        let names = self.rows(TABLES.to_owned()).await?.into_iter().filter_map(|row| row.into_iter().next().flatten());
        let stand: std::collections::HashSet<String> = names.map(|name| name.to_lowercase()).collect();
        let standing: Vec<(usize, &str)> = tables
            .iter()
            .enumerate()
            .filter(|(_, (_, table))| stand.contains(&table.to_lowercase()))
            .map(|(index, (_, table))| (index, table.as_str()))
            .collect();
        let mut sizes = vec![None; tables.len()];
        for batch in standing.chunks(AT_ONCE) {
            for ((index, _), size) in batch.iter().zip(self.largest(batch).await) {
                if let Some(slot) = sizes.get_mut(*index) {
                    *slot = Some(size);
                }
            }
        }
        Ok(sizes)
    }

    /// The highest row id of each table: cheap, and an upper bound of its rows that fits most.
    async fn largest(&mut self, tables: &[(usize, &str)]) -> Vec<Size> {
        let query = |table: &str| format!("(SELECT max(rowid) FROM {})", Backend::Sqlite.ident(table));
        let of = |cell: Option<String>| match cell {
            None => Size::Empty,
            Some(id) => Size::About(id.parse().unwrap_or(0)),
        };
        let all: Vec<String> = tables.iter().map(|(_, table)| query(table)).collect();
        if let Ok(rows) = self.rows(format!("SELECT {}", all.join(", "))).await {
            return rows.into_iter().next().unwrap_or_default().into_iter().map(of).collect();
        }
        // One of them has no row ids: how many it has, only counting tells.
        let mut sizes = Vec::with_capacity(all.len());
        for one in &all {
            let rows = self.rows(format!("SELECT {one}")).await;
            let cell = rows.map(|rows| rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()));
            sizes.push(cell.map_or(Size::About(0), of));
        }
        sizes
    }
}

/// A query that counts the rows of each of some tables, up to a limit.
fn counting<T: AsRef<str>>(tables: &[T], limit: u64) -> String {
    let each = |table: &T| {
        format!("(SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {limit}))", Backend::Sqlite.ident(table.as_ref()))
    };
    format!("SELECT {}", tables.iter().map(each).collect::<Vec<_>>().join(", "))
}
