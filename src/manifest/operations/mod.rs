//! Operations: one `[[up]]` or `[[down]]` table to one [`Operation`].
//!
//! Verbs and their keys are in the grammar; a function for each verb reads it, a file for each family of verbs.

mod columns;
mod constraints;
mod enums;
mod indexes;
mod programs;
mod rows;
mod schemas;
mod sql;
mod tables;
mod views;

pub(super) use rows::{rows, rows_have_key};
pub(super) use sql::read_file;

use super::keys::Keys;
use super::reader::{Reader, Table, Val};
use crate::diagnostic::{Code, Diagnostic, listed, nearest};
use crate::grammar::{self, Verb};
use crate::ident::{ColumnName, TableName};
use crate::operation::{Kind, Operation, Spans};

/// An operation that is being read: its keys, and the verb's value.
struct Op<'r, 'a, 't> {
    keys: Keys<'r, 'a, 't>,
    object: Val<'t>,
    /// The list that it is in: `up` or `down`.
    list: &'t str,
}

/// Which way an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `[[up]]`
    Up,
    /// `[[down]]`, where no operation has a way down of its own.
    Down,
}

fn kind(verb: Verb, op: &mut Op) -> Option<Kind> {
    match verb {
        Verb::CreateTable => tables::create_table(op),
        Verb::DropTable => tables::drop_table(op),
        Verb::RenameTable => tables::rename_table(op),
        Verb::AddColumn => columns::add_column(op),
        Verb::DropColumn => columns::drop_column(op),
        Verb::RenameColumn => columns::rename_column(op),
        Verb::AlterColumn => columns::alter_column(op),
        Verb::CreateIndex => indexes::create_index(op),
        Verb::DropIndex => indexes::drop_index(op),
        Verb::RenameIndex => indexes::rename_index(op),
        Verb::AddForeignKey => constraints::add_foreign_key(op),
        Verb::DropForeignKey => constraints::drop_foreign_key(op),
        Verb::AddCheck => constraints::add_check(op),
        Verb::DropCheck => constraints::drop_check(op),
        Verb::AddUnique => constraints::add_unique(op),
        Verb::DropUnique => constraints::drop_unique(op),
        Verb::AddPrimaryKey => constraints::add_primary_key(op),
        Verb::DropPrimaryKey => constraints::drop_primary_key(op),
        Verb::CreateView => views::create_view(op),
        Verb::ReplaceView => views::replace_view(op),
        Verb::DropView => views::drop_view(op),
        Verb::CreateFunction => programs::create_function(op),
        Verb::ReplaceFunction => programs::replace_function(op),
        Verb::DropFunction => programs::drop_function(op),
        Verb::CreateTrigger => programs::create_trigger(op),
        Verb::DropTrigger => programs::drop_trigger(op),
        Verb::CreateEnum => enums::create_enum(op),
        Verb::AlterEnum => enums::alter_enum(op),
        Verb::DropEnum => enums::drop_enum(op),
        Verb::CreateExtension => schemas::create_extension(op),
        Verb::DropExtension => schemas::drop_extension(op),
        Verb::CreateSchema => schemas::create_schema(op),
        Verb::DropSchema => schemas::drop_schema(op),
        Verb::CreateSequence => schemas::create_sequence(op),
        Verb::DropSequence => schemas::drop_sequence(op),
        Verb::Insert => rows::insert(op),
        Verb::Update => rows::update(op),
        Verb::Delete => rows::delete(op),
        Verb::Sql => sql::sql(op),
        Verb::SqlFile => sql::sql_file(op),
        Verb::Note => sql::note(op),
    }
}

/// Reads an element of `[[up]]` or `[[down]]`.
pub(super) fn operation(reader: &mut Reader, item: Val<'_>, way: Way) -> Option<Operation> {
    let table = reader.table(item, "operations, each a table")?;
    let found: Vec<_> = table.iter().filter_map(|val| Some((Verb::named(val.key)?, val))).collect();
    let Some((verb, object)) = found.first().copied() else {
        no_verb(reader, item, &table);
        return None;
    };
    if let Some((_, other)) = found.get(1) {
        let message = format!("one operation at a time: `{}` and `{}` are in one table", object.key, other.key);
        let help = format!("give `{}` its own `[[{}]]`", other.key, item.key);
        let diagnostic = Diagnostic::new(Code::WrongValue, message).at(other.key_span, "a second verb");
        reader.report(diagnostic.at(object.key_span, "the first").help(help));
        return None;
    }
    reader.parts.clear();
    let outer = reader.covering.clone();
    let whole = table.span;
    let mut keys = Keys::of_operation(reader, table, verb, object);
    let backends = keys.read("backends", Reader::backends);
    if let Some(backends) = &backends {
        keys.reader.covering.retain(|backend| backends.contains(backend));
    }
    let irreversible = keys.read("irreversible", Reader::reason);
    for key in ["down", "down_file"] {
        if let (Some(span), Some(down)) = (keys.span("irreversible"), keys.key_span(key))
            && keys.place.has(key)
        {
            let diagnostic =
                Diagnostic::new(Code::WrongValue, format!("`irreversible` and `{key}` contradict each other"));
            keys.reader.report(diagnostic.at(span, "").at(down, "a way down"));
        }
    }
    let mut op = Op { keys, object, list: item.key };
    if way == Way::Down {
        op.refuse_own_down();
    }
    let kind = kind(verb, &mut op);
    reader.covering = outer;
    let spans = Spans { whole, object: object.span, parts: std::mem::take(&mut reader.parts) };
    Some(Operation { kind: kind?, backends, irreversible, spans })
}

/// Reports a table without a verb: one that does not exist, one misspelt, or none at all.
fn no_verb(reader: &mut Reader, item: Val<'_>, table: &Table<'_>) {
    let names = || Verb::ALL.iter().map(|verb| verb.name);
    let is_key = |val: &Val<'_>| Verb::ALL.iter().any(|verb| verb.place.has(val.key));
    let alias = table.iter().find_map(|val| Some((val, grammar::verb_alias(val.key)?.to_owned())));
    let meant = alias.or_else(|| {
        table
            .iter()
            .filter(|val| !is_key(val))
            .find_map(|val| Some((val, format!("did you mean `{}`?", nearest(val.key, names())?))))
    });
    if let Some((val, help)) = meant {
        let message = format!("there is no operation `{}`", val.key);
        reader.report(Diagnostic::new(Code::UnknownKey, message).at(val.key_span, "").help(help));
        return;
    }
    let message = format!("this `[[{}]]` has no operation", item.key);
    let help = format!("write what it does: {}, or another of docs/reference.md", listed(names().take(4)));
    reader.wrong_help(item.span, message, help);
}

impl Op<'_, '_, '_> {
    /// The verb's value as a table's name.
    fn object_table(&mut self) -> Option<TableName> {
        self.keys.reader.table_name(self.object)
    }

    /// The verb's value as `table.column`.
    fn object_column(&mut self) -> Option<ColumnName> {
        self.keys.reader.column_name(self.object)
    }

    /// The verb's value as a bare name.
    fn object_name(&mut self) -> Option<String> {
        self.keys.reader.name(self.object)
    }

    /// The verb's value as a bare name, and the table of `on`.
    fn name_and_table(&mut self) -> (Option<String>, Option<TableName>) {
        (self.object_name(), self.keys.table_name("on"))
    }

    /// The new name of a rename.
    fn new_name(&mut self) -> Option<String> {
        self.keys.read("to", Reader::new_name)
    }

    /// In a `[[down]]`, an operation is the way down; it has none itself.
    fn refuse_own_down(&mut self) {
        for key in ["down", "down_file"] {
            if self.keys.place.has(key)
                && let Some(span) = self.keys.key_span(key)
            {
                self.keys.remove(key);
                let message = format!("`{key}` does not belong to an operation of `[[down]]`");
                let help = "operations of `[[down]]` are the way down: leave it out";
                self.keys.reader.misplaced(span, message, help);
            }
        }
    }
}
