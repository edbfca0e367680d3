//! What a change touches: its accesses, on the state before it.
//!
//! The table of design §5, with one refinement: changes of a table's row rules *append* to
//! them. Two of them commute (each touches its own column or constraint as well, and that
//! is where they clash if they clash), and any change of rows, which *uses* the rules,
//! conflicts with each.
//!
//! Indexes and constraints are told apart by their names, which every change of one takes, frees or uses.

use super::{Claim, Mode, Namespace, ObjectEffect, Resource, Verb, Words};
use crate::backend::Backend;
use crate::diagnostic::Span;
use crate::ident::TableName;
use crate::sql_text::{called, names_in_casts, sequences_named};
use crate::state::{Change, Column, ColumnId, Expr, ObjectKind, Scalar, StandaloneObject, State, Table, TableId};

/// Words of an access, which are written only where they may be shown: on a large manifest
/// writing them takes longer than all else.
///
/// What is done, and to what: `say!(uses, "drops", "{}.{}", table, column)`.
macro_rules! say {
    ($uses:expr, $does:expr, $($what:tt)*) => {
        if $uses.says {
            $crate::state::effects::Words::new($does, format!($($what)*))
        } else {
            $crate::state::effects::Words::default()
        }
    };
}
pub(in crate::state) use say;

mod columns;
mod parts;
mod rows;

#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) mode: Mode,
    /// It creates what it is about.
    pub(crate) creates: bool,
    /// What is for people; only where that is wanted.
    said: Option<Box<Said>>,
}

#[derive(Debug, Clone)]
struct Said {
    words: Words,
    span: Span,
    /// It is done on the way down.
    down: bool,
}

impl Access {
    /// `uses posts.slug`, `drops posts.slug on its way down`.
    pub(crate) fn words(&self) -> String {
        let Some(said) = &self.said else { return String::new() };
        format!("{}{}", said.words, if said.down { " on its way down" } else { "" })
    }

    /// What it is about: `posts.slug`.
    pub(crate) fn about(&self) -> &str {
        self.said.as_ref().map_or("", |said| said.words.about())
    }

    pub(crate) fn span(&self) -> Span {
        self.said.as_ref().map_or(Span::NONE, |said| said.span)
    }

    /// Says that it is done on the way down.
    pub(crate) fn goes_down(&mut self) {
        if let Some(said) = &mut self.said {
            said.down = true;
        }
    }
}

impl Verb {
    /// What it does, for people.
    pub(in crate::state) const fn does(self) -> &'static str {
        match self {
            Self::Create => "creates",
            Self::Drop => "drops",
            Self::Rename => "renames",
            Self::Alter => "replaces",
        }
    }

    /// How it needs what the object needs: what is dropped needs it no longer.
    pub(in crate::state) const fn held(self) -> Mode {
        match self {
            Self::Drop => Mode::Release,
            Self::Create | Self::Rename | Self::Alter => Mode::Use,
        }
    }

    /// The same for people.
    pub(in crate::state) const fn holds(self) -> &'static str {
        self.held().holds()
    }
}

impl Mode {
    const fn holds(self) -> &'static str {
        match self {
            Self::Release => "lets go of",
            Self::Use | Self::UseInOrder | Self::Append | Self::Change => "uses",
        }
    }
}

/// Collects the accesses of changes.
pub(crate) struct Uses<'a> {
    pub(crate) state: &'a State,
    pub(crate) span: Span,
    /// What is found is added to this.
    pub(crate) found: &'a mut Vec<(Resource, Access)>,
    /// Whether accesses get words for people.
    pub(crate) says: bool,
    /// Raw SQL that could not be read and declares nothing.
    pub(crate) opaque: bool,
}

impl<'a> Uses<'a> {
    pub(in crate::state) fn push(&mut self, resource: Resource, mode: Mode, words: Words) {
        let said = self.says.then(|| Box::new(Said { words, span: self.span, down: false }));
        self.found.push((resource, Access { mode, creates: false, said }));
    }

    /// An object that is told apart by the word for its kind and its name.
    pub(in crate::state) fn object(&mut self, kind: &'static str, name: String, verb: Verb, words: Words) {
        self.push(Resource::Declared(kind.to_owned(), name), Mode::Change, words);
        if let Some((_, access)) = self.found.last_mut() {
            access.creates = verb == Verb::Create;
        }
    }

    pub(in crate::state) fn fold(&self, name: &str) -> String {
        self.state.backend().fold(name).into_owned()
    }

    pub(in crate::state) fn relation(&mut self, name: &TableName, mode: Mode, does: &'static str) {
        let namespace = Namespace::Relations(name.schema.clone());
        let folded = self.fold(&name.name);
        let schemas = self.state.backend().capabilities().schemas;
        let shown = say!(self, does, "the name {}", if schemas { name.to_string() } else { name.name.clone() });
        self.push(Resource::Name(namespace, folded), mode, shown);
        if let Some(schema) = &name.schema {
            self.schema(schema);
        }
    }

    pub(in crate::state) fn of_table(&self, id: TableId) -> Option<&'a Table> {
        self.state.table(id).map(|table| &**table)
    }

    /// A table that is used, if it is there.
    fn used(&mut self, id: TableId) -> Option<&'a Table> {
        let table = self.of_table(id)?;
        self.push(Resource::Table(id), Mode::Use, say!(self, "uses", "{}", table.name));
        Some(table)
    }

    pub(in crate::state) fn column(&mut self, table: &Table, id: ColumnId, mode: Mode, does: &'static str) {
        self.push(Resource::Column(id), mode, say!(self, does, "{}.{}", table.name, table.column_name(id)));
    }

    fn columns(&mut self, table: &Table, ids: impl IntoIterator<Item = ColumnId>, mode: Mode, does: &'static str) {
        ids.into_iter().for_each(|id| self.column(table, id, mode, does));
    }

    fn expr(&mut self, table: &Table, expr: &Expr) {
        self.columns(table, expr.columns(), Mode::Use, "uses");
        self.in_expr(expr, Mode::Use);
    }

    /// What an expression needs beside columns: functions and types.
    fn in_expr(&mut self, expr: &Expr, mode: Mode) {
        self.in_text(&expr.without_columns(), mode);
    }

    /// What a statement that is kept as it was written needs beside what it reads: functions and types.
    pub(in crate::state) fn in_text(&mut self, sql: &str, mode: Mode) {
        self.calls(called(sql), mode);
        if self.state.backend().capabilities().enum_types {
            self.types(names_in_casts(sql), mode);
        } else if self.state.backend() == Backend::Mysql {
            // Whether there are such sequences or not.
            for name in sequences_named(sql) {
                self.relation(&TableName::bare(name), mode, mode.holds());
            }
        }
    }

    /// Types that something names: enums, and those of a relation's rows; whether they stand or not.
    pub(in crate::state) fn types(&mut self, names: Vec<String>, mode: Mode) {
        if !names.is_empty() && self.state.backend().capabilities().extensions {
            self.push(Resource::Provided, mode, say!(self, "names", "types that an extension may provide"));
        }
        for name in names {
            let relation = match name.rsplit_once('.') {
                Some((schema, name)) => TableName { schema: Some(schema.to_owned()), name: name.to_owned() },
                None => TableName::bare(name.clone()),
            };
            self.relation(&relation, mode, mode.holds());
            let words = say!(self, mode.holds(), "the type {name}");
            self.push(Resource::Declared("enum".to_owned(), name), mode, words);
        }
    }

    /// Functions that something calls, or called until it goes.
    pub(in crate::state) fn calls<'f>(&mut self, functions: impl Iterator<Item = &'f str>, mode: Mode) {
        let mut any = false;
        for function in functions {
            any = true;
            let name = function.to_lowercase();
            let does = if mode == Mode::Release { mode.holds() } else { "calls" };
            let words = say!(self, does, "the function {name}");
            self.push(Resource::Declared("function".to_owned(), name), mode, words);
        }
        if any && self.state.backend().capabilities().extensions {
            self.push(Resource::Provided, mode, say!(self, "calls", "functions"));
        }
    }

    /// What a column calls: in its default, and in how it is computed.
    fn column_calls(&mut self, column: &Column, mode: Mode) {
        if let Some(Scalar::Expr(expr)) = &column.default {
            self.in_expr(expr, mode);
        }
        if let Some(how) = &column.generated {
            self.in_expr(&how.expr, mode);
        }
    }

    pub(in crate::state) fn rules(&mut self, table: &Table) {
        let words = say!(self, "changes", "what rows of {} must obey", table.name);
        self.push(Resource::RowRules(table.id), Mode::Append, words);
    }

    /// Rows that obey the rules of their table.
    fn obeys(&mut self, table: &Table, does: &'static str, what: &str) {
        let words = say!(self, does, "{what} the rules of {}", table.name);
        let words = if self.says { words.named(format!("what rows of {} must obey", table.name)) } else { words };
        self.push(Resource::RowRules(table.id), Mode::Use, words);
    }

    pub(in crate::state) fn rows(&mut self, table: &Table, mode: Mode, does: &'static str) {
        self.push(Resource::Rows(table.id), mode, say!(self, does, "rows of {}", table.name));
        self.push(Resource::AnyRows, Mode::Append, say!(self, does, "rows of {}", table.name));
    }

    /// A name that is taken or freed.
    fn claim(&mut self, claim: Claim, own: Option<Words>) {
        // What the change is about has its words; the names that come and go with it have others.
        let does = if claim.takes { "takes" } else { "frees" };
        let schemas = self.state.backend().capabilities().schemas;
        let words = match (own, &claim.namespace) {
            (Some(own), _) => own,
            (None, Namespace::Relations(Some(schema))) if schemas => {
                say!(self, does, "the name {schema}.{}", claim.name)
            }
            (None, _) => say!(self, does, "the name {}", claim.name),
        };
        if let Namespace::Relations(Some(schema)) = &claim.namespace {
            self.schema(schema);
        }
        self.push(Resource::Name(claim.namespace, self.fold(&claim.name)), Mode::Change, words);
    }

    /// A schema that something is in.
    pub(in crate::state) fn schema(&mut self, schema: &str) {
        if self.state.backend().capabilities().schemas {
            let words = say!(self, "uses", "the schema {schema}");
            self.push(Resource::Declared("schema".to_owned(), schema.to_owned()), Mode::Use, words);
        }
    }

    fn claims(&mut self, change: &Change) {
        let object = if self.says { change.objects(self.state).into_iter().next() } else { None };
        for claim in change.claims(self.state) {
            let about = |kind: ObjectKind| kind == claim.by && !matches!(kind, ObjectKind::Table | ObjectKind::View);
            let own = object.as_ref().filter(|object| about(object.kind)).map(ObjectEffect::words);
            self.claim(claim, own);
        }
    }

    /// The accesses of one change, on the state before it.
    pub(crate) fn change(&mut self, change: &Change) {
        self.claims(change);
        let _ = self.touched(change);
    }

    /// `None` where what it is about is not there.
    fn touched(&mut self, change: &Change) -> Option<()> {
        match change {
            Change::CreateTable(table) => self.whole_table(table, Verb::Create),
            Change::DropTable(id) => {
                self.whole_table(self.of_table(*id)?, Verb::Drop);
                for trigger in self.state.triggers_on(*id) {
                    self.change(&Change::drop(trigger.clone()));
                }
            }
            Change::RenameTable { table, .. } => {
                let table = self.of_table(*table)?;
                self.push(Resource::Table(table.id), Mode::Change, say!(self, "renames", "{}", table.name));
                self.programs_stay("needs");
            }
            Change::AddColumn { table, column, fill } => {
                let table = self.used(*table)?;
                self.add_column(table, column, fill.as_ref());
            }
            Change::DropColumn { table, column, .. } => {
                let table = self.used(*table)?;
                self.drop_column(table, *column);
            }
            Change::RenameColumn { table, column, .. } => {
                let table = self.used(*table)?;
                self.column(table, *column, Mode::Change, "renames");
                let words = say!(self, "renames", "a column of {}", table.name);
                self.push(Resource::ColumnList(table.id), Mode::Append, words);
                self.programs_stay("needs");
            }
            Change::AlterColumn { table, column, patch, using, fill, .. } => {
                let table = self.used(*table)?;
                self.alter_column(table, *column, patch, using.as_ref(), fill.as_ref());
            }
            Change::AddIndex { table, index, .. } => {
                let table = self.used(*table)?;
                self.index(table, index, Verb::Create);
            }
            Change::DropIndex { table, name, .. } => {
                let table = self.used(*table)?;
                let folded = self.fold(name);
                self.index(table, table.indexes.iter().find(|index| self.fold(&index.name) == folded)?, Verb::Drop);
            }
            Change::RenameIndex { table, .. } | Change::RenameConstraint { table, .. } => _ = self.used(*table)?,
            Change::AddConstraint { table, constraint } => {
                let table = self.used(*table)?;
                self.constraint(table, constraint, Verb::Create, true);
            }
            Change::DropConstraint { table, kind, name } => {
                let table = self.used(*table)?;
                let constraint = table.constraints().find(|c| c.kind() == *kind && c.name().text == *name)?;
                self.constraint(table, &constraint, Verb::Drop, true);
            }
            Change::RenameSequence { table, column, .. } => {
                let table = self.used(*table)?;
                self.column(table, *column, Mode::Change, "renames the sequence of");
            }
            Change::Create(object) => object.get().uses(Verb::Create, self),
            Change::Drop(object) => object.get().uses(Verb::Drop, self),
            Change::ReplaceFunction { from, to } => {
                from.uses(Verb::Alter, self);
                to.uses(Verb::Alter, self);
            }
            Change::AlterEnum { from, .. } => self.altered_enum(from),
            Change::Insert { table, rows, .. } => {
                self.insert(*table, rows, |id| rows.iter().flatten().any(|(column, _)| *column == id));
            }
            Change::Update { table, set, filter } => {
                let table = self.used(*table)?;
                for (id, value) in set {
                    self.column(table, *id, Mode::Use, "sets");
                    self.scalar(table, value);
                }
                if let Some(filter) = filter {
                    self.condition(table, filter);
                }
                self.altered_rows(table, "updates");
                self.parents(table, |_| true);
            }
            Change::Delete { table, filter, .. } => {
                let table = self.used(*table)?;
                self.condition(table, filter);
                self.altered_rows(table, "deletes");
            }
            Change::KeepRows(kept) => self.kept(kept, Verb::Create)?,
            Change::RestoreRows(kept) => self.kept(kept, Verb::Drop)?,
            Change::DeleteRows { table, rows } => {
                let table = self.used(*table)?;
                self.columns(table, rows.iter().flatten().map(|(id, _)| *id), Mode::Use, "uses");
                self.altered_rows(table, "deletes");
            }
            Change::Sql { effects, access, .. } => {
                for effect in effects {
                    self.change(effect);
                }
                self.raw(access);
            }
            Change::Note(_) => {}
        }
        Some(())
    }

    /// What cannot go on while triggers and views change.
    fn programs_stay(&mut self, does: &'static str) {
        let words = say!(self, does, "triggers and views as they are");
        let words = if self.says { words.named("triggers and views".to_owned()) } else { words };
        self.push(Resource::Programs, Mode::Use, words);
    }

    /// On SQLite what cannot be altered is rebuilt, and a rebuild must find triggers and views as they are.
    fn rebuild(&mut self) {
        if !self.state.backend().capabilities().alters_constraints {
            self.programs_stay("rebuilds a table, which needs");
        }
    }

    fn whole_table(&mut self, table: &Table, verb: Verb) {
        self.push(Resource::Table(table.id), Mode::Change, say!(self, verb.does(), "{}", table.name));
        for column in &table.columns {
            self.of_enum(&column.data_type, verb.held());
            self.column_calls(column, verb.held());
        }
        for constraint in table.constraints() {
            self.constraint(table, &constraint, verb, false);
        }
        for index in &table.indexes {
            self.index(table, index, verb);
        }
    }
}
