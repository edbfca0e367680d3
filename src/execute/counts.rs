//! Rows that a destructive plan would lose: counted before anybody is asked to confirm, exactly
//! where that is cheap, by the server's own estimate where a table is large.

use std::collections::HashMap;

use super::database::{Database, Size};
use super::error::ExecuteError;
use super::words::{DatabaseWords, Trouble};
use crate::render::{Counted, Destructive};

/// Tables with more rows than this are estimated.
const LARGE: u64 = 200_000;
/// Tables with no more rows than this are counted at once, where that is cheap.
const FEW: u64 = 1_000;
/// How many counts go into one query: PostgreSQL locks each table with its indexes.
const AT_ONCE: usize = 100;

/// Databases with more tables than this are not counted before it is known which of them go.
const MOST_AHEAD: usize = 5_000;

/// How many rows small tables have, counted before it is known which of them a plan drops: where that is worked out
/// in another thread meanwhile. Of a moment: for the plan that is made next, and no other.
#[derive(Debug, Default)]
pub struct CountedAhead {
    /// By their names, folded.
    rows: HashMap<String, u64>,
}

/// Counts all tables with few rows, where that is cheap.
pub(super) fn ahead(database: &Database) -> CountedAhead {
    if !database.is_there() {
        return CountedAhead::default();
    }
    let backend = database.backend();
    let known = |(name, rows): (String, Option<u64>)| Some((backend.fold(&name).into_owned(), rows?));
    CountedAhead { rows: database.all_few_rows(MOST_AHEAD, FEW).into_iter().filter_map(known).collect() }
}

/// Fills in `rows` of everything destructive that can be counted; the rest is unknown. What was counted ahead is not
/// counted again.
pub(super) async fn fill(
    database: &mut Database,
    mut all: Vec<&mut Destructive>,
    ahead: &CountedAhead,
) -> Result<(), ExecuteError> {
    if !database.is_there() {
        // What is to be made is empty.
        for what in all {
            what.stands = false;
        }
        return Ok(());
    }
    let counted = count_all(database, &mut all, ahead).await;
    for what in all {
        what.unknown = what.stands && what.rows.is_none();
    }
    match counted {
        Err(words) if words.trouble == Trouble::Lost => Err(ExecuteError::of("counting rows", words)),
        // Whatever else is in the way, it is not known then.
        _ => Ok(()),
    }
}

async fn count_all(
    database: &mut Database,
    all: &mut [&mut Destructive],
    ahead: &CountedAhead,
) -> Result<(), DatabaseWords> {
    let places: Vec<(usize, Counted)> =
        all.iter().enumerate().filter_map(|(place, what)| Some((place, what.counted.clone()?))).collect();
    let name = |counted: &Counted| (counted.table.schema.clone(), counted.table.name.clone());
    let whole: Vec<(usize, &str)> =
        places.iter().filter(|(_, c)| c.whole_table).map(|(place, c)| (*place, c.table.name.as_str())).collect();
    let backend = database.backend();
    let counted = |table: &str| ahead.rows.get(&*backend.fold(table)).copied();
    let (known, unknown): (Vec<_>, Vec<_>) = whole.into_iter().partition(|(_, table)| counted(table).is_some());
    let tables: Vec<&str> = unknown.iter().map(|(_, table)| *table).collect();
    let asked = unknown.into_iter().zip(database.few_rows(&tables, FEW).await);
    for ((place, _), rows) in known.into_iter().map(|whole| (whole, counted(whole.1))).chain(asked) {
        if let Some(what) = all.get_mut(place) {
            what.rows = rows;
        }
    }
    let places: Vec<_> =
        places.into_iter().filter(|(place, _)| all.get(*place).is_some_and(|what| what.rows.is_none())).collect();
    if places.is_empty() {
        return Ok(());
    }
    let tables: Vec<_> = places.iter().map(|(_, c)| name(c)).collect();
    let sizes = database.standing(&tables).await?;
    let mut exact = Vec::new();
    for ((place, counted), size) in places.iter().zip(sizes) {
        let Some(what) = all.get_mut(*place) else { continue };
        match size {
            None => {}
            Some(Size::Empty) => what.rows = Some(0),
            Some(Size::About(rows)) if rows <= LARGE => exact.push((*place, counted.sql.as_str())),
            // Of a large table all that is known cheaply is about how many rows it has.
            Some(Size::About(rows)) => {
                what.rows = Some(rows);
                what.estimate = true;
            }
        }
    }
    for batch in exact.chunks(AT_ONCE) {
        for (place, rows) in count(database, batch).await {
            if let Some(what) = all.get_mut(place) {
                what.rows = Some(rows);
            }
        }
    }
    Ok(())
}

/// Counts in one query, one row; one by one where that is refused (a table that may not be read).
async fn count(database: &mut Database, queries: &[(usize, &str)]) -> Vec<(usize, u64)> {
    if queries.is_empty() {
        return Vec::new();
    }
    let together: Vec<String> = queries.iter().map(|(_, sql)| format!("({sql})")).collect();
    let cells = match database.peek(format!("SELECT {}", together.join(", "))).await {
        Ok(rows) => rows.into_iter().next().unwrap_or_default(),
        // Another run is at work on these tables; waiting for each of them would take for ever.
        Err(words) if words.trouble == Trouble::Busy => Vec::new(),
        Err(_) => {
            let mut cells = Vec::with_capacity(together.len());
            for one in together {
                let rows = database.peek(format!("SELECT {one}")).await.unwrap_or_default();
                cells.push(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()));
            }
            cells
        }
    };
    let places = queries.iter().map(|(place, _)| *place);
    places.zip(cells).filter_map(|(place, rows)| Some((place, rows?.parse().ok()?))).collect()
}
