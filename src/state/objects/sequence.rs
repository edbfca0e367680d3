//! Sequences: numbers by themselves, which defaults take.

use super::{Declaration, Misfit, Object, ObjectKind, Phase, SchemaObject, StandaloneObject, ToObject, take};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::{ColumnName, TableName};
use crate::sql_text::{names_in_casts, sequences_named};
use crate::state::{ColumnId, Namespace, Resource, State, StateError, Table, TableId, Uses, Verb, say};

/// A sequence that belongs to no numbered column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sequence {
    pub name: TableName,
    /// The first number; the database's default where it is not said, as for the others.
    pub start: Option<i64>,
    /// What is added for the next one.
    pub increment: Option<i64>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// After the last number comes the first again.
    pub cycle: bool,
    /// The column that it goes with.
    pub owner: Option<(TableId, ColumnId)>,
}

impl Sequence {
    /// One of that name, of which nothing else is known.
    pub(in crate::state) fn named(name: &TableName) -> Self {
        Self { name: name.clone(), ..Self::default() }
    }

    /// What its author asks for on a state: a name, `start`, `increment`, `min` and `max`, whether it cycles, and the column that
    /// it goes with.
    pub(in crate::state) fn asked(
        name: &TableName,
        [start, increment, min, max]: [Option<i64>; 4],
        cycle: bool,
        owned_by: Option<&ColumnName>,
        state: &State,
    ) -> Result<Self, Misfit> {
        let mut sequence = Self { name: name.clone(), start, increment, min, max, cycle, owner: None };
        sequence.counts(state.backend())?;
        if sequence.is_beside_enum(state) {
            let message = format!("an enum named `{name}` already exists, and no sequence is made beside it");
            let help = "another name, or the sequence before the enum".to_owned();
            return Err(Misfit { code: Code::AlreadyExists, part: "object", message, help });
        }
        if let Some(column) = owned_by {
            let misfit = |code, message: String, help| misfit(code, "owned_by", message, help);
            if !state.backend().capabilities().schemas {
                let message = format!("{} has no sequences that columns own", state.backend().title());
                return Err(misfit(Code::UnsupportedByBackend, message, "leave `owned_by` out"));
            }
            let help = "if another migration makes it, name that migration in `requires`";
            let Some(table) = state.table_named(&column.table) else {
                let message = format!("there is no table `{}` at this point", column.table);
                return Err(misfit(Code::UnknownTable, message, help));
            };
            let Some(owner) = table.columns.iter().find(|own| own.name == column.column) else {
                let message = format!("table `{}` has no column `{}` at this point", table.name, column.column);
                return Err(misfit(Code::UnknownColumn, message, help));
            };
            if table.name.schema != name.schema {
                let message =
                    format!("`{}` is in another schema than `{}`, whose column cannot own it", name, table.name);
                return Err(misfit(Code::WrongValue, message, "a sequence and its owner are in one schema"));
            }
            sequence.owner = Some((table.id, owner.id));
        }
        Ok(sequence)
    }

    /// Whether its numbers make sense, as the servers see it.
    fn counts(&self, backend: Backend) -> Result<(), Misfit> {
        let wrong = |part, message: String, help: &str| Err(misfit(Code::WrongValue, part, message, help));
        let (least, greatest) = match backend {
            Backend::Mysql => (i64::MIN + 1, i64::MAX - 1),
            Backend::Postgres | Backend::Sqlite => (i64::MIN, i64::MAX),
        };
        for (part, number) in [("min", self.min), ("max", self.max), ("start", self.start)] {
            if let Some(number) = number.filter(|number| !(least..=greatest).contains(number)) {
                let message = format!("`{part} = {number}` is beyond what {} counts", backend.title());
                return wrong(part, message, &format!("it counts from {least} to {greatest}"));
            }
        }
        let rises = self.increment.unwrap_or(1) > 0;
        if self.increment == Some(0) {
            let message = "`increment = 0` counts nothing".to_owned();
            return wrong("increment", message, "it is above 0, or below to count down");
        }
        let min = self.min.unwrap_or(if rises { 1 } else { least });
        let max = self.max.unwrap_or(if rises { greatest } else { -1 });
        if min >= max {
            let part = if self.max.is_some() { "max" } else { "min" };
            let message = format!("the least number, {min}, is not below the greatest, {max}");
            return wrong(part, message, "say both `min` and `max`");
        }
        let start = self.start.unwrap_or(if rises { min } else { max });
        if !(min..=max).contains(&start) {
            let message = format!("`start = {start}` is not between {min} and {max}");
            return wrong("start", message, "move `start`, `min` or `max`");
        }
        Ok(())
    }

    /// Whether there is an enum of its name: PostgreSQL makes no sequence then, though the enum can come after it.
    fn is_beside_enum(&self, state: &State) -> bool {
        state.backend().capabilities().enum_types && state.enum_named(&self.name).is_some()
    }

    /// The column that it goes with, in its table.
    #[must_use]
    pub fn owner_in<'s>(&self, state: &'s State) -> Option<(&'s Table, ColumnId)> {
        let (table, column) = self.owner?;
        Some((state.table(table)?, column))
    }

    /// Whether SQL asks it for numbers.
    fn is_asked(&self, sql: &str, state: &State) -> bool {
        let names = match state.backend() {
            Backend::Postgres => names_in_casts(sql),
            Backend::Mysql => sequences_named(sql),
            Backend::Sqlite => return false,
        };
        let own = state.fold(&self.name).to_string();
        names.into_iter().any(|name| state.backend().fold(&name) == own)
    }
}

fn misfit(code: Code, part: &'static str, message: String, help: &str) -> Misfit {
    Misfit { code, part, message, help: help.to_owned() }
}

impl SchemaObject for Sequence {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Sequence
    }

    fn qualified_name(&self) -> Option<&TableName> {
        Some(&self.name)
    }

    fn fact(&self, state: &State) -> String {
        let Self { name, start, increment, min, max, cycle, owner: _ } = self;
        let owner = self.owner_in(state).map(|(table, column)| format!("{}.{}", table.name, table.column_name(column)));
        format!("sequence {name}: {start:?} by {increment:?} from {min:?} to {max:?}, cycle {cycle}, owner {owner:?}")
    }
}

impl StandaloneObject for Sequence {
    fn phase(&self, _: &State) -> Phase {
        if self.owner.is_some() { Phase::AfterTables } else { Phase::BeforeTables }
    }

    fn declaration(&self, state: &State) -> Declaration {
        let mut keys = vec![("create_sequence", self.name.to_string().into())];
        let numbers = [("start", self.start), ("increment", self.increment), ("min", self.min), ("max", self.max)];
        keys.extend(numbers.into_iter().filter_map(|(key, number)| Some((key, number?.into()))));
        if self.cycle {
            keys.push(("cycle", true.into()));
        }
        if let Some((table, column)) = self.owner_in(state) {
            keys.push(("owned_by", format!("{}.{}", table.name, table.column_name(column)).into()));
        }
        keys
    }

    fn exists_on(&self, backend: Backend) -> bool {
        backend != Backend::Sqlite
    }

    /// A default that asks it for numbers, or a view.
    fn needed_by(&self, state: &State) -> Option<String> {
        for table in state.tables() {
            if table.expressions().any(|expr| self.is_asked(&expr.without_columns(), state)) {
                return Some(format!("table `{}`", table.name));
            }
        }
        let view = state.views().iter().find(|view| self.is_asked(&view.sql, state))?;
        Some(format!("view `{}`", view.name))
    }

    fn name_claim(&self, _: &State) -> Option<(Namespace, String)> {
        Some((Namespace::Relations(self.name.schema.clone()), self.name.name.clone()))
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if self.is_beside_enum(state) {
            return Err(StateError::NameTaken { name: self.name.clone(), by: ObjectKind::Enum });
        }
        state.objects.sequences.push(self.clone());
        Ok(self.object())
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let (backend, name) = (state.backend, self.full_name());
        let same = |other: &Self| backend.fold(&other.full_name()) == backend.fold(&name);
        take(&mut state.objects.sequences, self, same)
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let Some(table) = self.owner.and_then(|(id, _)| uses.of_table(id)) else { return };
        let words = say!(uses, verb.does(), "a sequence of {}", table.name);
        uses.push(Resource::Table(table.id), verb.held(), words);
        if let Some((_, column)) = self.owner {
            uses.column(table, column, verb.held(), "has a sequence for");
        }
    }

    fn holds(&self, table: TableId, column: Option<ColumnId>) -> Option<&'static str> {
        let (owner, own) = self.owner?;
        (owner == table && column.is_none_or(|column| column == own)).then_some("the owner of")
    }
}
