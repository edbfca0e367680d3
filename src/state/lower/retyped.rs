//! Another type of a column: what it breaks, and what it may break.

use super::{Column, Lower, Table};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity};
use crate::operation::{AlterColumn, DataType};
use crate::state::sense::{Kind, kind};

impl Lower<'_> {
    /// Reports what another type of a column breaks, and warns of what it may break.
    pub(super) fn retype(&mut self, table: &Table, column: &Column, to: &DataType, alter: &AlterColumn) -> Option<()> {
        let name = format!("{}.{}", table.name, column.name);
        if let Some(key) = self.state.retyped_key(table, column.id, to) {
            let message = format!("`{name}` is joined by key `{key}` with a column that is no {to}");
            let diagnostic = self.error(Code::TypeMismatch, "type", message).help("drop the key before");
            self.report(diagnostic);
            return None;
        }
        let (from, new) = (kind(&column.data_type), kind(to));
        let on_postgres = self.state.backend == Backend::Postgres;
        if on_postgres && alter.using.is_none() && !converts(from, new) {
            let message = format!("PostgreSQL converts no {} to {to} by itself", column.data_type);
            let diagnostic = self.error(Code::TypeMismatch, "type", message).help("say how: `using`");
            self.report(diagnostic);
            return None;
        }
        if on_postgres && alter.using_down.is_none() && !converts(new, from) {
            let message = format!("PostgreSQL converts no {to} back to {} by itself", column.data_type);
            let mut diagnostic = self.error(Code::TypeMismatch, "type", message).help("say how: `using_down`");
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        let default_stays = alter.default.is_none() && !alter.unset_default;
        for what in self.state.retyping(table, column, to, default_stays) {
            let message = format!("whether {what} still makes sense when `{name}` becomes {to} is not known");
            let mut diagnostic = self
                .error(Code::TypeMismatch, "type", message)
                .help("drop it before the change of the type and make it again after, or try it on a database");
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        Some(())
    }
}

/// Whether a column of one kind becomes one of another without `using`: by PostgreSQL's own conversion, or by the
/// cast that is written for it.
fn converts(from: Kind, to: Kind) -> bool {
    from.assigns_to(to) || matches!((from, to), (Kind::Text, _) | (Kind::Bool, Kind::Whole) | (Kind::Whole, Kind::Bool))
}
