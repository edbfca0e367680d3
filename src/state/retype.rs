//! What a change of a column's type may make senseless, on PostgreSQL: expressions over it, which it reads again
//! with the casts of the old type written out, and foreign keys.

use super::bind::judge_with;
use super::sense::{Kind, Sense, kind};
use super::{Column, ColumnId, Expr, IndexKey, Scalar, State, Table};
use crate::backend::Backend;
use crate::operation::DataType;

/// Kinds that have no operator in common: what makes sense over each of them makes sense over any.
const UNLIKE: [Kind; 4] = [Kind::Whole, Kind::Text, Kind::Bool, Kind::Date];

impl State {
    /// What stands over a column and may not survive another type of it, for people; a view is no part of this.
    pub(super) fn retyping(&self, table: &Table, column: &Column, to: &DataType, default_stays: bool) -> Vec<String> {
        if self.backend() != Backend::Postgres {
            return Vec::new();
        }
        let (from, to) = (kind(&column.data_type), kind(to));
        let mut found = Vec::new();
        for check in &table.checks {
            if !survives(&check.expr, table, column.id, from, to) {
                found.push(format!("check `{}`", check.name.text));
            }
        }
        for index in &table.indexes {
            let over = index.parts.iter().filter_map(|part| match &part.key {
                IndexKey::Expr(expr) => Some(expr),
                IndexKey::Column(_) => None,
            });
            let own = |part: &super::IndexPart| part.opclass.is_some() || part.collation.is_some();
            let chosen = index.using.is_some() || index.parts.iter().any(own);
            let method = chosen && from != to && index.mentions(column.id);
            let expressions = over.chain(&index.predicate).all(|expr| survives(expr, table, column.id, from, to));
            if method || !expressions {
                found.push(format!("index `{}`", index.name));
            }
        }
        if default_stays && from != to && matches!(column.default, Some(Scalar::Expr(_))) {
            found.push("its default".to_owned());
        }
        found
    }

    /// A foreign key that joins the column with one of a type that the new one does not meet, for people.
    pub(super) fn retyped_key(&self, table: &Table, column: ColumnId, to: &DataType) -> Option<String> {
        let apart = |other: ColumnId, of: &Table| {
            of.column(other).is_some_and(|other| {
                (other.id != column || of.id != table.id) && !meets(kind(to), kind(&other.data_type))
            })
        };
        let owns = |key: &super::ForeignKey| {
            let target = self.table(key.table)?;
            let mut pairs = key.columns.iter().zip(&key.references).filter(|(own, _)| **own == column);
            pairs.any(|(_, other)| apart(*other, target)).then(|| key.name.text.clone())
        };
        let referred = |referrer: &Table| {
            referrer.foreign_keys.iter().filter(|key| key.table == table.id).find_map(|key| {
                let mut pairs = key.columns.iter().zip(&key.references).filter(|(_, other)| **other == column);
                pairs.any(|(own, _)| apart(*own, referrer)).then(|| key.name.text.clone())
            })
        };
        table
            .foreign_keys
            .iter()
            .find_map(owns)
            .or_else(|| self.referrers(table.id).into_iter().find_map(|r| referred(r)))
    }
}

/// Whether a key may join two kinds.
fn meets(a: Kind, b: Kind) -> bool {
    let number = |kind| matches!(kind, Kind::Whole | Kind::Decimal | Kind::Float);
    let date = |kind| matches!(kind, Kind::Date | Kind::Instant);
    a == b || a == Kind::Any || b == Kind::Any || number(a) && number(b) || date(a) && date(b)
}

/// Whether an expression surely makes sense when a column of it becomes one of another kind.
fn survives(expr: &Expr, table: &Table, column: ColumnId, from: Kind, to: Kind) -> bool {
    if expr.opaque {
        let name = table.column_name(column);
        return !expr.pieces.iter().any(|piece| matches!(piece, super::Piece::Text(text) if text.contains(name)));
    }
    if !expr.mentions(column) || from == Kind::Text && to == Kind::Text {
        return true;
    }
    let sure = |kind| judge_with(expr, table, column, kind).sense == Sense::Sure;
    let number = |kind| matches!(kind, Kind::Whole | Kind::Decimal | Kind::Float);
    let alike = from == to && from != Kind::Any || number(from) && number(to);
    if alike { sure(to) } else { UNLIKE.into_iter().all(sure) }
}
