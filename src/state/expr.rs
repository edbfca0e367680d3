//! Expressions, bound to the columns they name. The author's text is kept to the
//! letter; only the names in it are replaced by the names of the moment.

use super::{ColumnId, Table};

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// The author's text.
    Text(String),
    /// A column of the table the expression belongs to.
    Column(ColumnId),
    /// The table's own name in front of a column.
    Table,
}

/// An expression of one table, kept as pieces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expr {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
    /// It could not be parsed: what it names is not known, and blocks renames.
    pub opaque: bool,
}

impl Expr {
    /// An expression that names no column.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], opaque: false }
    }

    /// Whether it names that column.
    #[must_use]
    pub fn mentions(&self, column: ColumnId) -> bool {
        self.pieces.contains(&Piece::Column(column))
    }

    /// The columns it names, in the order they stand.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(id) => Some(*id),
            Piece::Text(_) | Piece::Table => None,
        })
    }

    /// Words that a bracket follows: functions that it calls, among others.
    pub fn called(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().flat_map(|piece| {
            match piece {
                Piece::Text(text) => Some(crate::sql_text::called(text)),
                Piece::Column(_) | Piece::Table => None,
            }
            .into_iter()
            .flatten()
        })
    }

    /// Types and relations that it names where it casts (see [`names_in_casts`](crate::sql_text::names_in_casts)).
    #[must_use]
    pub fn names_in_casts(&self) -> Vec<String> {
        crate::sql_text::names_in_casts(&self.without_columns())
    }

    /// Its text, without the names of columns.
    pub(super) fn without_columns(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Column(_) | Piece::Table => "_".to_owned(),
        };
        self.pieces.iter().map(text).collect()
    }

    /// The expression with the names of the moment. `quote` quotes one identifier
    /// as the backend wants it.
    #[must_use]
    pub fn print(&self, table: &Table, quote: &dyn Fn(&str) -> String) -> String {
        let mut sql = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Column(id) => sql.push_str(&quote(table.column_name(*id))),
                Piece::Table => sql.push_str(&quote(&table.name.name)),
            }
        }
        sql
    }
}
