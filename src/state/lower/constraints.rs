//! Constraints: their definitions, and the verbs that add and drop them.

use std::slice;
use std::sync::Arc;

use super::{Change, Changes, Column, ColumnId, Lower, PartPath, Table};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity, nearest};
use crate::ident::{Suffix, TableName};
use crate::operation::{Action, CheckDef, ColumnDef, DataType, Deferrable, ForeignKeyDef, UniqueDef};
use crate::state::{
    Check, Constraint, ConstraintKind, ForeignKey, Index, IndexKey, IndexPart, Name, PrimaryKey, Unique, View,
};

/// A foreign key as its author wrote it, less its name.
#[derive(Clone, Copy)]
struct Key<'d> {
    columns: &'d [String],
    table: &'d TableName,
    references: &'d [String],
    on_delete: Action,
    on_update: Action,
    deferrable: Option<Deferrable>,
    unchecked: bool,
}

impl Lower<'_> {
    pub(super) fn unique(&mut self, table: &Table, def: &UniqueDef, part: impl PartPath) -> Option<Constraint> {
        let name = self.own_name(&def.name, part)?;
        let columns = self.column_ids(table, &def.columns, part)?;
        Some(Constraint::Unique(Unique { name, columns, age: 0 }))
    }

    pub(super) fn column_unique(&mut self, table: &Table, def: &ColumnDef, part: impl PartPath) -> Option<Constraint> {
        let name = self.generate(&table.name.name, &def.name, Suffix::Unique, part)?;
        let columns = vec![self.column_id(table, &def.name, part)?];
        Some(Constraint::Unique(Unique { name, columns, age: 0 }))
    }

    pub(super) fn check(&mut self, table: &Table, def: &CheckDef, part: impl PartPath) -> Option<Constraint> {
        let name = self.own_name(&def.name, part)?;
        let expr = self.condition(&def.expr, table, part)?;
        Some(Constraint::Check(Check { name, expr, column: None }))
    }

    pub(super) fn column_check(&mut self, table: &Table, def: &ColumnDef, part: impl PartPath) -> Option<Constraint> {
        let name = self.generate(&table.name.name, &def.name, Suffix::Check, part)?;
        let column = self.column_id(table, &def.name, part)?;
        let expr = self.condition(def.check.as_ref()?, table, part)?;
        Some(Constraint::Check(Check { name, expr, column: Some(column) }))
    }

    pub(super) fn column_foreign_key(
        &mut self,
        table: &Table,
        def: &ColumnDef,
        part: impl PartPath,
    ) -> Option<Constraint> {
        let target = def.references.as_ref()?;
        let name = self.generate(&table.name.name, &def.name, Suffix::ForeignKey, part)?;
        let key = Key {
            columns: slice::from_ref(&def.name),
            table: &target.table,
            references: slice::from_ref(&target.column),
            on_delete: def.on_delete,
            on_update: def.on_update,
            deferrable: def.deferrable,
            unchecked: false,
        };
        self.key(table, key, name, part)
    }

    pub(super) fn foreign_key(
        &mut self,
        table: &Table,
        def: &ForeignKeyDef,
        part: impl PartPath,
    ) -> Option<Constraint> {
        let name = self.own_name(&def.name, part)?;
        let key = Key {
            columns: &def.columns,
            table: &def.table,
            references: &def.references,
            on_delete: def.on_delete,
            on_update: def.on_update,
            deferrable: def.deferrable,
            unchecked: def.unchecked,
        };
        self.key(table, key, name, part)
    }

    fn key(&mut self, table: &Table, def: Key<'_>, name: Name, part: impl PartPath) -> Option<Constraint> {
        // Where its own columns are written by themselves, they are shown.
        let apart = self.written("columns") && part.to_string() == "references";
        let columns = if apart {
            self.column_ids(table, def.columns, "columns")?
        } else {
            self.column_ids(table, def.columns, part)?
        };
        let backend = self.state.backend;
        let same =
            backend.fold(&def.table.name) == backend.fold(&table.name.name) && def.table.schema == table.name.schema;
        let target = if same { Arc::new(table.clone()) } else { self.table(def.table, part)? };
        let references = self.column_ids(&target, def.references, part)?;
        let computed = columns.iter().filter_map(|id| table.column(*id)).find(|column| column.generated.is_some());
        let sets = |action| matches!(action, Action::SetNull | Action::SetDefault);
        let changes = sets(def.on_delete) || sets(def.on_update) || def.on_update == Action::Cascade;
        if let Some(column) = computed.filter(|_| changes && backend == Backend::Postgres) {
            let message = format!("`{}` is computed, so no key can set it", column.name);
            let diagnostic = self
                .error(Code::UnsupportedByBackend, part, message)
                .help("a key over it may `restrict`, or go along where the row it points to is deleted");
            self.report(diagnostic);
            return None;
        }
        if columns.len() != references.len() {
            let message = format!("the key has {} columns and points to {}", columns.len(), references.len());
            let diagnostic = self.error(Code::TypeMismatch, part, message);
            self.report(diagnostic);
            return None;
        }
        if !is_key(&target, &references) {
            let names = target.column_names(&references).join(", ");
            let message = format!("nothing makes `{}` ({names}) unique, so no key can point to it", target.name);
            let diagnostic = self.error(Code::UnknownConstraint, part, message).help(
                "a foreign key points to a primary key, a unique constraint or a unique index over just these columns",
            );
            self.report(diagnostic);
            return None;
        }
        for (from, to) in columns.iter().zip(&references) {
            if let (Some(from), Some(to)) = (table.column(*from), target.column(*to))
                && family(&from.data_type) != family(&to.data_type)
                && family(&from.data_type).is_some()
                && family(&to.data_type).is_some()
            {
                let message = format!(
                    "`{}` is {}, and `{}.{}`, which it points to, is {}",
                    from.name, from.data_type, target.name, to.name, to.data_type
                );
                let diagnostic = self.error(Code::TypeMismatch, part, message);
                self.report(diagnostic);
                return None;
            }
        }
        if def.deferrable.is_some() && !backend.capabilities().deferrable_keys {
            let message = format!("{} looks at a foreign key with each row, and cannot wait", backend.title());
            let diagnostic = self.error(Code::UnsupportedByBackend, part, message);
            self.report(diagnostic);
            return None;
        }
        let (on_delete, on_update) = (def.on_delete, def.on_update);
        Some(Constraint::ForeignKey(ForeignKey {
            name,
            columns,
            table: target.id,
            references,
            on_delete,
            on_update,
            deferrable: def.deferrable,
            // Elsewhere the rows are looked at.
            unchecked: def.unchecked && backend.capabilities().unchecked_keys,
            bound: None,
        }))
    }

    fn own_name(&mut self, name: &str, part: impl PartPath) -> Option<Name> {
        self.fits(name, part).then(|| Name { text: name.to_owned(), generated: false })
    }

    pub(super) fn add_foreign_key(&mut self, on: &TableName, def: &ForeignKeyDef) -> Changes {
        let table = self.table(on, "on")?;
        let constraint = self.foreign_key(&table, def, "references")?;
        self.add(&table, constraint)
    }

    pub(super) fn add_check(&mut self, on: &TableName, def: &CheckDef) -> Changes {
        let table = self.table(on, "on")?;
        let constraint = self.check(&table, def, "expr")?;
        self.add(&table, constraint)
    }

    pub(super) fn add_unique(&mut self, on: &TableName, def: &UniqueDef) -> Changes {
        let table = self.table(on, "on")?;
        let constraint = self.unique(&table, def, "columns")?;
        self.add(&table, constraint)
    }

    pub(super) fn add_primary_key(&mut self, name: &TableName, columns: &[String]) -> Changes {
        let table = self.table(name, "object")?;
        if table.primary_key.is_some() {
            let message = format!("table `{name}` has a primary key already");
            let diagnostic = self.error(Code::AlreadyExists, "object", message);
            self.report(diagnostic);
            return None;
        }
        let columns = self.column_ids(&table, columns, "columns")?;
        if let Some(null) = columns.iter().filter_map(|id| table.column(*id)).find(|column| column.null) {
            let message = format!("`{}` may be null, so it cannot be in a primary key", null.name);
            let diagnostic =
                self.error(Code::TypeMismatch, "columns", message).help("alter it to `null = false` first");
            self.report(diagnostic);
            return None;
        }
        columns.iter().filter_map(|id| table.column(*id)).try_for_each(|column| self.may_be_key(column, "columns"))?;
        let name = self.generate(&table.name.name, "", Suffix::PrimaryKey, "object")?;
        self.add(&table, Constraint::PrimaryKey(PrimaryKey { name, columns, age: 0 }))
    }

    /// Reports a computed column in a primary key, where that cannot be.
    pub(super) fn may_be_key(&mut self, column: &Column, part: impl PartPath) -> Option<()> {
        if column.generated.is_none() || self.state.backend == Backend::Postgres {
            return Some(());
        }
        let backend = self.state.backend.title();
        let message = format!("`{}` is computed, which on {backend} no primary key can be", column.name);
        let diagnostic =
            self.error(Code::UnsupportedByBackend, part, message).help("a unique constraint can be over it");
        self.report(diagnostic);
        None
    }

    pub(super) fn drop_primary_key(&mut self, name: &TableName) -> Changes {
        let table = self.table(name, "object")?;
        let Some(key) = &table.primary_key else {
            let diagnostic = self.error(
                Code::UnknownConstraint,
                "object",
                format!("table `{name}` has no primary key at this point"),
            );
            self.report(diagnostic);
            return None;
        };
        let numbers = key.columns.iter().filter_map(|id| table.column(*id)).find(|column| column.auto_increment);
        if let Some(column) = numbers.filter(|_| self.state.backend == Backend::Sqlite) {
            let message = format!("`{}` numbers itself, which on SQLite only a primary key does", column.name);
            let help =
                format!("`alter_column = \"{}.{}\"`, `unset = [\"auto_increment\"]` first", table.name, column.name);
            let diagnostic = self.error(Code::UnsupportedByBackend, "object", message).help(help);
            self.report(diagnostic);
            return None;
        }
        let groups = |view: &&View| view.reads.as_ref().is_none_or(|reads| reads.contains(&table.id)) && view.groups();
        let grouped = self.state.views().iter().find(groups).filter(|_| self.state.backend == Backend::Postgres);
        if let Some(view) = grouped {
            let message = format!("view `{}` groups by rows of `{}`, maybe by this key", view.name, table.name);
            let mut diagnostic = self
                .error(Code::StillReferenced, "object", message)
                .help("PostgreSQL keeps a key that a view has all columns of a row from: drop the view before");
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        let (kind, name) = (ConstraintKind::PrimaryKey, key.name.text.clone());
        let mut without = Table::clone(&table);
        without.primary_key = None;
        self.nothing_points_to(&table, &without, &name)?;
        Some(vec![Change::DropConstraint { table: table.id, kind, name }])
    }

    /// Adds a constraint to a table that stands, or reports that its name is taken.
    pub(super) fn add(&mut self, table: &Table, constraint: Constraint) -> Changes {
        let backend = self.state.backend;
        let name = &constraint.name().text;
        if table.constraint_names().any(|(_, other)| backend.fold(&other.text) == backend.fold(name)) {
            let message = format!("table `{}` has a constraint `{name}` already", table.name);
            let diagnostic = self.error(Code::AlreadyExists, "object", message);
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::AddConstraint { table: table.id, constraint }])
    }

    pub(super) fn drop_constraint(&mut self, on: &TableName, kind: ConstraintKind, name: &str) -> Changes {
        let table = self.table(on, "on")?;
        let backend = self.state.backend;
        let found = table.constraints().find(|c| backend.fold(&c.name().text) == backend.fold(name));
        let Some(constraint) = found.as_ref().filter(|constraint| constraint.kind() == kind) else {
            let title = kind.title();
            let message = format!("table `{}` has no {title} `{name}` at this point", table.name);
            let mut diagnostic = self.error(Code::UnknownConstraint, "object", message);
            let names: Vec<String> =
                table.constraints().filter(|c| c.kind() == kind).map(|c| c.name().text.clone()).collect();
            if let Some(other) = found {
                diagnostic = diagnostic.help(format!("`{name}` is a {}", other.kind().title()));
            } else if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else if !names.is_empty() {
                diagnostic = diagnostic.note(format!("it has: {}", names.join(", ")));
            }
            self.report(diagnostic);
            return None;
        };
        let name = constraint.name().text.clone();
        if kind == ConstraintKind::Unique {
            let mut without = Table::clone(&table);
            without.uniques.retain(|unique| unique.name.text != name);
            self.nothing_points_to(&table, &without, &name)?;
        }
        Some(vec![Change::DropConstraint { table: table.id, kind, name }])
    }

    /// Reports `still-referenced` where a foreign key is bound to the key of that name, or points to columns that
    /// `without` does not make unique.
    pub(super) fn nothing_points_to(&mut self, table: &Table, without: &Table, name: &str) -> Option<()> {
        let bound = self.state.bound_to(table, name).map(|(by, key)| (by.name.clone(), key.name.text.clone()));
        let needed = bound.or_else(|| {
            self.state.referrers(table.id).into_iter().find_map(|referrer| {
                let left = |key: &&ForeignKey| {
                    key.table == table.id && is_key(table, &key.references) && !is_key(without, &key.references)
                };
                referrer.foreign_keys.iter().find(left).map(|key| (referrer.name.clone(), key.name.text.clone()))
            })
        });
        let Some((by, key)) = needed else { return Some(()) };
        let message = format!("key `{key}` of `{by}` still needs it");
        let help = format!("drop the key first: `drop_foreign_key = \"{key}\"`, `on = \"{by}\"`");
        let diagnostic = self.error(Code::StillReferenced, "object", message).help(help);
        self.report(diagnostic);
        None
    }
}

/// Whether something makes just these columns unique, in any order.
pub(in crate::state) fn is_key(table: &Table, columns: &[ColumnId]) -> bool {
    let by_index = |index: &Index| {
        let part = |part: &IndexPart| if let IndexKey::Column(id) = part.key { Some(id) } else { None };
        let over: Option<Vec<ColumnId>> = index.parts.iter().map(part).collect();
        let sorted = index.parts.iter().any(|part| part.collation.is_some());
        index.unique && index.predicate.is_none() && !sorted && over.is_some_and(|over| same_columns(&over, columns))
    };
    is_key_by_constraint(table, columns) || table.indexes.iter().any(by_index)
}

/// Whether the primary key or a unique constraint is over just these columns, in any order.
pub(crate) fn is_key_by_constraint(table: &Table, columns: &[ColumnId]) -> bool {
    table.primary_key.as_ref().is_some_and(|key| same_columns(&key.columns, columns))
        || table.uniques.iter().any(|unique| same_columns(&unique.columns, columns))
}

fn same_columns(some: &[ColumnId], others: &[ColumnId]) -> bool {
    some.len() == others.len() && some.iter().all(|id| others.contains(id))
}

/// Types that a key may join; `None` for those that are not known.
fn family(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::SmallInt { .. }
        | DataType::Integer { .. }
        | DataType::BigInt { .. }
        | DataType::Float
        | DataType::Double
        | DataType::Decimal { .. } => Some(0),
        DataType::Char(_) | DataType::String(_) | DataType::Text => Some(1),
        DataType::Boolean => Some(2),
        DataType::Date | DataType::DateTime | DataType::TimestampTz => Some(3),
        DataType::Time => Some(4),
        DataType::Binary(_) | DataType::Blob => Some(5),
        DataType::Uuid => Some(6),
        DataType::Inet | DataType::Cidr => Some(7),
        DataType::Macaddr => Some(8),
        DataType::Interval => Some(9),
        DataType::Json | DataType::Jsonb => Some(10),
        DataType::Vector(_) => Some(11),
        // What is joined with it is of the same enum, which is looked at by the backend.
        DataType::Enum(_) | DataType::Array(_) | DataType::Verbatim(_) => None,
    }
}
