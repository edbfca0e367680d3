//! Indexes: those of a new table, create, drop, rename.

use super::{Change, Changes, Lower, PartPath, Table};
use crate::diagnostic::{Code, nearest};
use crate::ident::TableName;
use crate::operation::{IndexDef, IndexTarget};
use crate::state::{Index, IndexKey, IndexPart};

impl Lower<'_> {
    /// `columns` is where its columns stand.
    pub(super) fn index(
        &mut self,
        table: &Table,
        def: &IndexDef,
        part: impl PartPath,
        columns: impl PartPath,
    ) -> Option<Index> {
        if !self.fits(&def.name, part) {
            return None;
        }
        let capabilities = self.state.backend.capabilities();
        let title = self.state.backend.title();
        let mut parts = Vec::with_capacity(def.columns.len());
        for (at, of) in def.columns.iter().enumerate() {
            let at = format_args!("{columns}.{at}");
            let key = match &of.target {
                IndexTarget::Column(name) => IndexKey::Column(self.column_id(table, name, at)?),
                IndexTarget::Expr(text) => {
                    if !capabilities.expression_indexes {
                        return self.unsupported(at, &format!("{title} has no indexes over expressions"));
                    }
                    IndexKey::Expr(self.expr(text, table, at)?)
                }
            };
            let collation = of.collation.as_ref().and_then(|text| text.get(self.state.backend)).cloned();
            let opclass = of.opclass.as_ref().and_then(|text| text.get(self.state.backend)).cloned();
            if collation.is_some() && !capabilities.index_collations {
                return self.unsupported(at, &format!("{title} sorts an index as its column does"));
            }
            if opclass.is_some() && !capabilities.index_extras {
                return self.unsupported(at, &format!("{title} has no operator classes"));
            }
            if opclass.is_some() && def.unique {
                // Whether foreign keys may point to it, and hold it, is not to be told.
                return self.unsupported(at, "a unique index is told by the operator class of its column's type");
            }
            parts.push(IndexPart { key, order: of.order, nulls: of.nulls, length: of.length, collation, opclass });
        }
        let predicate = match &def.predicate {
            Some(_) if !capabilities.partial_indexes => {
                return self.unsupported("where", &format!("{title} has no partial indexes"));
            }
            Some(text) => Some(self.condition(text, table, "where")?),
            None => None,
        };
        let using = def.using.as_ref().and_then(|using| using.get(self.state.backend)).cloned();
        if using.is_some() && !capabilities.index_methods {
            return self.unsupported("using", &format!("{title} has one kind of index; `using` means nothing to it"));
        }
        let mut include = Vec::with_capacity(def.include.len());
        for (at, name) in def.include.iter().enumerate() {
            include.push(self.column_id(table, name, format_args!("include.{at}"))?);
        }
        if !include.is_empty() && !capabilities.index_extras {
            return self.unsupported("include", &format!("{title} has no indexes that carry columns beside"));
        }
        let with = def.with.as_ref().and_then(|with| with.get(self.state.backend)).cloned();
        if with.is_some() && !capabilities.index_extras {
            return self.unsupported("with", &format!("{title} has no storage parameters of an index"));
        }
        let nulls_alike = def.nulls_distinct == Some(false);
        if nulls_alike && !capabilities.index_extras {
            return self
                .unsupported("nulls_distinct", &format!("to {title}'s unique indexes NULLs are unlike each other"));
        }
        let (name, unique) = (def.name.clone(), def.unique);
        Some(Index { name, parts, unique, predicate, using, include, with, nulls_alike, age: 0 })
    }

    fn unsupported<T>(&mut self, part: impl PartPath, message: &str) -> Option<T> {
        let diagnostic = self
            .error(Code::UnsupportedByBackend, part, message)
            .help("give the operation `backends = […]` without it, or a key by backend");
        self.report(diagnostic);
        None
    }

    pub(super) fn create_index(&mut self, on: &TableName, def: &IndexDef, concurrently: bool) -> Changes {
        if self.state.view_named(on).is_some_and(|view| view.materialized) {
            let message = format!("`{on}` is a view, and indexes of views are not supported yet");
            let help = "write it as `sql`, with its `down`; where the view is replaced, it goes and is made again";
            let diagnostic = self.error(Code::NotSupportedYet, "on", message).help(help);
            self.report(diagnostic);
            return None;
        }
        let table = self.table(on, "on")?;
        let index = self.index(&table, def, "object", "columns")?;
        if self.state.index_owner(&table, &index.name).is_some() {
            let diagnostic =
                self.error(Code::AlreadyExists, "object", format!("index `{}` stands already", index.name));
            self.report(diagnostic);
            return None;
        }
        // Elsewhere an index is made as the database makes it.
        let concurrently = concurrently && self.state.backend.capabilities().concurrent_indexes;
        Some(vec![Change::AddIndex { table: table.id, index, concurrently }])
    }

    fn find_index(&mut self, table: &Table, name: &str) -> Option<Index> {
        let backend = self.state.backend;
        if let Some(index) = table.indexes.iter().find(|index| backend.fold(&index.name) == backend.fold(name)) {
            return Some(index.clone());
        }
        let mut diagnostic = self.error(
            Code::UnknownIndex,
            "object",
            format!("table `{}` has no index `{name}` at this point", table.name),
        );
        if let Some(near) = nearest(name, table.indexes.iter().map(|index| index.name.as_str())) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else if table.uniques.iter().any(|unique| unique.name.text == name) {
            diagnostic = diagnostic.help(format!("`{name}` is a unique constraint: drop_unique = \"{name}\""));
        }
        self.report(diagnostic);
        None
    }

    pub(super) fn drop_index(&mut self, on: &TableName, name: &str, concurrently: bool) -> Changes {
        let table = self.table(on, "on")?;
        let index = self.find_index(&table, name)?;
        if index.unique && index.predicate.is_none() {
            let mut without = Table::clone(&table);
            without.indexes.retain(|other| other.name != index.name);
            self.nothing_points_to(&table, &without, &index.name)?;
        }
        let concurrently = concurrently && self.state.backend.capabilities().concurrent_indexes;
        Some(vec![Change::DropIndex { table: table.id, name: index.name, concurrently }])
    }

    pub(super) fn rename_index(&mut self, on: &TableName, name: &str, to: &str) -> Changes {
        let table = self.table(on, "on")?;
        let index = self.find_index(&table, name)?;
        if !self.fits(to, "to") {
            return None;
        }
        if self.state.index_owner(&table, to).is_some() {
            let diagnostic = self.error(Code::AlreadyExists, "to", format!("index `{to}` stands already"));
            self.report(diagnostic);
            return None;
        }
        Some(vec![Change::RenameIndex { table: table.id, name: index.name, to: to.to_owned() }])
    }
}
