//! What columns are computed from, and how they are compared.

use super::{Column, Lower, PartPath, Table};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::operation::{ColumnDef, DataType};
use crate::sql_text::{Lexeme, lexemes};
use crate::state::{Expr, Generated, Piece};

impl Lower<'_> {
    /// How a column is computed over its table's columns, which it is none of yet.
    #[expect(clippy::option_option, reason = "wrong and said, not computed, and computed are three things")]
    pub(super) fn generated(
        &mut self,
        def: &ColumnDef,
        table: &Table,
        part: impl PartPath,
    ) -> Option<Option<Box<Generated>>> {
        let Some(text) = &def.generated else { return Some(None) };
        let (backend, stored) = (self.state.backend, def.stored.unwrap_or(true));
        if !stored && !backend.capabilities().virtual_columns {
            let message = format!("{} keeps what it computes: `{}` cannot be virtual", backend.title(), def.name);
            let diagnostic = self.error(Code::UnsupportedByBackend, part, message).help("leave `stored = false` out");
            self.report(diagnostic);
            return None;
        }
        let expr = self.expr(text, table, part)?;
        let names_itself =
            |column: &&Column| expr.mentions(column.id) && backend.fold(&column.name) == backend.fold(&def.name);
        let computed = |column: &&Column| expr.mentions(column.id) && column.generated.is_some();
        if table.columns.iter().any(|column| names_itself(&column)) {
            let message = format!("`{}` cannot be computed from itself", def.name);
            let diagnostic = self.error(Code::TypeMismatch, part, message);
            self.report(diagnostic);
            return None;
        }
        if let Some(other) = table.columns.iter().find(computed).filter(|_| backend == Backend::Postgres) {
            let message =
                format!("PostgreSQL computes `{}` from no computed column, and `{}` is one", def.name, other.name);
            let diagnostic = self.error(Code::UnsupportedByBackend, part, message).help("write out what it is");
            self.report(diagnostic);
            return None;
        }
        if let Some(word) = varies(&expr) {
            let message = format!("`{}` cannot be computed with `{word}`, which is not the same each time", def.name);
            let diagnostic = self
                .error(Code::UnsupportedByBackend, part, message)
                .help("a `default`, or a trigger, can have it: they are computed once");
            self.report(diagnostic);
            return None;
        }
        self.computes_the_enum(def, &expr, table, part)?;
        Some(Some(Box::new(Generated { expr, stored })))
    }

    /// Reports a computed column of an enum's type whose expression is a text: PostgreSQL computes no enum from a text.
    fn computes_the_enum(&mut self, def: &ColumnDef, expr: &Expr, table: &Table, part: impl PartPath) -> Option<()> {
        if !self.state.backend.capabilities().enum_types {
            return Some(());
        }
        let Some(of) = def.data_type.get(self.state.backend).and_then(DataType::of_enum) else { return Some(()) };
        let is_of = |id| {
            let other = table.column(id).and_then(|column| column.data_type.of_enum());
            other.is_some_and(|other| other.name == of.name)
        };
        if expr.opaque || expr.names_in_casts().contains(&of.name.to_string()) || expr.columns().any(is_of) {
            return Some(());
        }
        let message = format!("`{}` is of the enum `{}`, and what computes it is not", def.name, of.name);
        let help = format!("cast each value that it can have: `'…'::{}`", of.name);
        let diagnostic = self.error(Code::TypeMismatch, part, message).help(help);
        self.report(diagnostic);
        None
    }

    /// A column's collation on the backend.
    #[expect(clippy::option_option, reason = "wrong and said, the database's own, and another are three things")]
    pub(super) fn collation(&mut self, def: &ColumnDef, part: impl PartPath) -> Option<Option<Box<str>>> {
        let Some(text) = &def.collation else { return Some(None) };
        let types = def.data_type.get(self.state.backend);
        let collation = self.branch(text, part)?.as_str().into();
        self.sorts_as_text(types, &def.name, part)?;
        Some(Some(collation))
    }

    /// Reports a collation on what is no text.
    pub(super) fn sorts_as_text(&mut self, of: Option<&DataType>, name: &str, part: impl PartPath) -> Option<()> {
        let Some(of) = of.filter(|of| !of.is_text() && !matches!(of, DataType::Verbatim(_))) else { return Some(()) };
        let message = format!("`{name}` is {of}, and texts alone have a collation");
        let diagnostic = self.error(Code::TypeMismatch, part, message);
        self.report(diagnostic);
        None
    }

    /// Reports a column that another one is computed from, where that must not be.
    pub(super) fn computes_nothing(
        &mut self,
        table: &Table,
        column: &Column,
        what: &str,
        part: impl PartPath,
    ) -> Option<()> {
        let Some(other) = table.computed_from(column.id) else { return Some(()) };
        let message = format!("`{}.{}` is computed from `{}`, which {what}", table.name, other.name, column.name);
        let help = format!("drop `{}` before, and add it again after: its values are computed", other.name);
        let diagnostic = self.error(Code::StillReferenced, part, message).help(help);
        self.report(diagnostic);
        None
    }
}

/// Functions and words whose value is another one each time, or for each who asks: no database computes a column with them.
const VARIES: [&str; 34] = [
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "sysdate",
    "curdate",
    "curtime",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "random",
    "randomblob",
    "rand",
    "uuid",
    "uuid_short",
    "gen_random_uuid",
    "gen_random_bytes",
    "nextval",
    "currval",
    "setval",
    "lastval",
    "last_insert_id",
    "last_insert_rowid",
    "connection_id",
    "current_user",
    "session_user",
    "found_rows",
    "changes",
];

/// The first word of an expression that is so.
fn varies(expr: &Expr) -> Option<String> {
    let words = expr.pieces.iter().flat_map(|piece| match piece {
        Piece::Text(text) => lexemes(text, None),
        Piece::Column(_) | Piece::Table => Vec::new(),
    });
    let mut words = words.filter_map(|lexeme| match lexeme {
        Lexeme::Word(word) => Some(word.to_ascii_lowercase()),
        Lexeme::Quoted(_) | Lexeme::Mark(_) => None,
    });
    words.find(|word| VARIES.contains(&word.as_str()))
}
