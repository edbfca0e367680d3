//! `hidden-by-if-exists`: a DROP … IF EXISTS of a name that nothing in the whole history ever
//! makes. Most often it is misspelt, and IF EXISTS keeps silent about it.

use std::collections::HashSet;

use super::Observer;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::sql_text::{Lexeme, lexemes};
use crate::state::{Change, Object, State, Table, replay};

/// What kind of thing a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Relation,
    Index,
    Trigger,
    Column,
    Constraint,
}

impl Kind {
    const fn title(self) -> &'static str {
        match self {
            Self::Relation => "table or view",
            Self::Index => "index",
            Self::Trigger => "trigger",
            Self::Column => "column",
            Self::Constraint => "constraint",
        }
    }
}

/// A name: its kind, the table it is in (for columns and constraints), and itself, folded.
type Key = (Kind, String, String);

/// A name behind IF EXISTS.
#[derive(Debug, Clone)]
pub(super) struct Hidden {
    migration: String,
    direction: Direction,
    span: Span,
    key: Key,
    /// The statement it stands in.
    sql: String,
    backend: Backend,
}

impl Hidden {
    /// The names behind IF EXISTS in a statement.
    pub(super) fn gather(
        migration: &str,
        direction: Direction,
        state: &State,
        sql: &str,
        span: Span,
        into: &mut Vec<Self>,
    ) {
        let backend = state.backend();
        if !sql.as_bytes().windows(6).any(|window| window.eq_ignore_ascii_case(b"exists")) {
            return;
        }
        let keys = names(sql, backend);
        into.extend(keys.into_iter().map(|key| Self {
            migration: migration.to_owned(),
            direction,
            span,
            key,
            sql: sql.to_lowercase(),
            backend,
        }));
    }
}

/// Reads `DROP kind IF EXISTS a, b` and `ALTER TABLE t … DROP [COLUMN|CONSTRAINT] IF EXISTS a`.
fn names(sql: &str, backend: Backend) -> Vec<Key> {
    let all = lexemes(sql, Some(backend));
    let word = |at: usize| match all.get(at) {
        Some(Lexeme::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    let mut keys = Vec::new();
    match word(0).as_str() {
        "DROP" => {
            let mut at = 1 + usize::from(word(1) == "MATERIALIZED");
            let kind = match word(at).as_str() {
                "TABLE" | "VIEW" => Kind::Relation,
                "INDEX" => Kind::Index,
                "TRIGGER" => Kind::Trigger,
                _ => return keys,
            };
            at += 1 + usize::from(word(at + 1) == "CONCURRENTLY");
            if word(at) != "IF" || word(at + 1) != "EXISTS" {
                return keys;
            }
            at += 2;
            while let Some((name, next)) = name(&all, at, backend) {
                keys.push((kind, String::new(), name));
                at = next + 1;
                if all.get(next) != Some(&Lexeme::Mark(',')) {
                    break;
                }
            }
        }
        "ALTER" if word(1) == "TABLE" => {
            let mut at = 2;
            while matches!(word(at).as_str(), "IF" | "EXISTS" | "ONLY") {
                at += 1;
            }
            let Some((table, mut at)) = name(&all, at, backend) else { return keys };
            while at < all.len() {
                let kind = match (word(at).as_str(), word(at + 1).as_str(), word(at + 2).as_str()) {
                    ("DROP", "COLUMN", "IF") => Some((Kind::Column, at + 4)),
                    ("DROP", "CONSTRAINT", "IF") => Some((Kind::Constraint, at + 4)),
                    ("DROP", "IF", "EXISTS") => Some((Kind::Column, at + 3)),
                    _ => None,
                };
                if let Some((kind, from)) = kind
                    && let Some((name, next)) = name(&all, from, backend)
                {
                    keys.push((kind, table.clone(), name));
                    at = next;
                    continue;
                }
                at += 1;
            }
        }
        _ => {}
    }
    keys
}

/// A name at a place, its last part only, folded; and the place behind it.
fn name(all: &[Lexeme<'_>], at: usize, backend: Backend) -> Option<(String, usize)> {
    let text = match all.get(at)? {
        Lexeme::Word(word) if backend == Backend::Postgres => word.to_lowercase(),
        Lexeme::Word(word) => (*word).to_owned(),
        Lexeme::Quoted(quoted) => unquoted(quoted),
        Lexeme::Mark(_) => return None,
    };
    if all.get(at + 1) == Some(&Lexeme::Mark('.')) {
        return name(all, at + 2, backend);
    }
    Some((backend.fold(&text).into_owned(), at + 1))
}

fn unquoted(text: &str) -> String {
    let mut chars = text.chars();
    let (Some(quote), Some(_)) = (chars.next(), chars.next_back()) else { return String::new() };
    chars.as_str().replace(&format!("{quote}{quote}"), &quote.to_string())
}

/// Every name that any change of a history makes.
struct Made {
    backend: Backend,
    keys: HashSet<Key>,
}

impl Made {
    fn add(&mut self, kind: Kind, table: &str, name: &str) {
        let table = if matches!(kind, Kind::Column | Kind::Constraint) { self.backend.fold(table) } else { "".into() };
        self.keys.insert((kind, table.into_owned(), self.backend.fold(name).into_owned()));
    }

    fn table(&mut self, table: &Table, name: &str) {
        self.add(Kind::Relation, "", name);
        table.columns.iter().for_each(|column| self.add(Kind::Column, name, &column.name));
        table.constraints().for_each(|constraint| self.constraint(name, &constraint.name().text));
        table.indexes.iter().for_each(|index| self.add(Kind::Index, "", &index.name));
    }

    /// A constraint's name; those with an index of their own are an index's too.
    fn constraint(&mut self, table: &str, name: &str) {
        self.add(Kind::Constraint, table, name);
        self.add(Kind::Index, "", name);
    }

    fn change(&mut self, state: &State, change: &Change) {
        let table = change.table().and_then(|id| state.table(id));
        let of = table.map_or("", |table| table.name.name.as_str());
        match change {
            Change::CreateTable(table) => self.table(table, &table.name.name),
            Change::RenameTable { to, .. } => table.iter().for_each(|table| self.table(table, &to.name)),
            Change::AddColumn { column, .. } => self.add(Kind::Column, of, &column.name),
            Change::RenameColumn { to, .. } => self.add(Kind::Column, of, to),
            Change::AddIndex { index, .. } => self.add(Kind::Index, "", &index.name),
            Change::RenameIndex { to, .. } => self.add(Kind::Index, "", to),
            Change::AddConstraint { constraint, .. } => self.constraint(of, &constraint.name().text),
            Change::RenameConstraint { to, .. } => self.constraint(of, &to.text),
            Change::Create(Object::Trigger(trigger)) => self.add(Kind::Trigger, "", &trigger.name),
            Change::Create(Object::View(view)) => self.add(Kind::Relation, "", &view.name.name),
            Change::Sql { effects, .. } => effects.iter().for_each(|effect| self.change(state, effect)),
            Change::DropTable(_)
            | Change::DropColumn { .. }
            | Change::AlterColumn { .. }
            | Change::DropIndex { .. }
            | Change::DropConstraint { .. }
            | Change::RenameSequence { .. }
            | Change::Create(_)
            | Change::Drop(_)
            | Change::ReplaceFunction { .. }
            | Change::AlterEnum { .. }
            | Change::Insert { .. }
            | Change::Update { .. }
            | Change::Delete { .. }
            | Change::KeepRows(_)
            | Change::RestoreRows(_)
            | Change::DeleteRows { .. }
            | Change::Note(_) => {}
        }
    }
}

pub(super) fn look(observer: &Observer, migrations: &[Migration], order: &[NodeId]) -> Vec<Diagnostic> {
    let Some(first) = observer.hidden.first() else { return Vec::new() };
    let backend = first.backend;
    let mut state = State::empty(backend);
    let mut made = Made { backend, keys: HashSet::new() };
    for migration in order.iter().filter_map(|node| migrations.get(node.0)) {
        let mut watch = |state: &State, change: &Change, _| made.change(state, change);
        let (name, body) = (&migration.name, &migration.body);
        let up = replay::up_watched(&mut state, name, body, &mut Vec::new(), &mut watch);
        let back = replay::down_watched(&mut state, name, body, &up, migration.span, &mut Vec::new(), &mut watch);
        for change in &back {
            let _ = state.apply(change);
        }
    }
    let mut told = HashSet::new();
    let hidden = observer.hidden.iter().filter(|hidden| !made.keys.contains(&hidden.key));
    hidden
        .filter(|hidden| can_be_told(hidden, &observer.unreadable))
        .filter(|hidden| told.insert((&hidden.migration, hidden.direction, &hidden.key)))
        .map(report)
        .collect()
}

/// Whether no SQL that cannot be read may make the name: none that runs a program, and none that
/// speaks of it.
fn can_be_told(hidden: &Hidden, unreadable: &[String]) -> bool {
    let name = hidden.key.2.to_lowercase();
    !unreadable.iter().any(|sql| {
        let runs = sql.trim_start();
        let runs = ["do ", "do\n", "call ", "execute "].iter().any(|start| runs.starts_with(start));
        *sql != hidden.sql && (runs || sql.contains(&name))
    })
}

fn report(hidden: &Hidden) -> Diagnostic {
    let (kind, table, name) = &hidden.key;
    let full = if table.is_empty() { name.clone() } else { format!("{table}.{name}") };
    let message = format!("`{}` drops the {} `{full}` if it exists, and it never does", hidden.migration, kind.title());
    Diagnostic::new(Code::HiddenByIfExists, message)
        .of(&hidden.migration)
        .on(hidden.backend)
        .going(hidden.direction)
        .at(hidden.span, "nothing in the history makes it")
        .help("mend the name, or leave the statement out; without IF EXISTS the database would have said so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_if_exists_are_read() {
        let of =
            |sql| names(sql, Backend::Postgres).into_iter().map(|(_, t, n)| format!("{t}.{n}")).collect::<Vec<_>>();
        assert_eq!(of("drop table if exists A, public.\"B c\" cascade"), [".a", ".B c"]);
        assert_eq!(of("DROP INDEX CONCURRENTLY IF EXISTS i"), [".i"]);
        assert_eq!(of("DROP TRIGGER IF EXISTS t ON posts"), [".t"]);
        assert_eq!(
            of("ALTER TABLE posts DROP COLUMN IF EXISTS x, DROP CONSTRAINT IF EXISTS k, DROP IF EXISTS y"),
            ["posts.x", "posts.k", "posts.y"]
        );
        assert_eq!(of("DROP TABLE t; -- if exists"), Vec::<String>::new());
        assert_eq!(of("CREATE TABLE IF NOT EXISTS t (a int)"), Vec::<String>::new());
    }
}
