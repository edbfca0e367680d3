//! Whether a statement ran, asked of the schema: each question gives one row with one number, 1 where it did.

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::super::model::Recovery;
use super::super::raw;
use super::super::walk::Link;
use super::DIALECT;
use crate::render::ledger::AGAIN;
use crate::state::{Change, ConstraintKind, SqlAccess, State, Table};

/// How it is found out whether the statement of a change ran.
pub(super) fn of(link: &Link<'_>) -> Recovery {
    of_several(std::slice::from_ref(link))
}

/// How it is found out whether the one statement of several changes of a table ran.
pub(super) fn of_several(links: &[Link<'_>]) -> Recovery {
    let (before, after) =
        (links.first().and_then(|link| link.before.as_deref()), links.last().and_then(|link| link.after.as_deref()));
    let question = links.first().and_then(|link| of_change(link.change, before.or(after)));
    question.map_or(Recovery::Unknowable, |question| Recovery::Probeable(with_keys(&question, before, after)))
}

/// MODIFY COLUMN may run twice, as long as the table has its keys.
pub(super) fn of_modify(table: &Table) -> Recovery {
    match table.foreign_keys.len() {
        0 => Recovery::Repeatable,
        keys => Recovery::Probeable(format!("SELECT IF({} >= {keys}, {AGAIN}, 2)", keys_of(&[table]))),
    }
}

/// A server that dies within a statement may take a foreign key of the table with it (seen once on MariaDB 10.11, where
/// DDL should be atomic): then neither answer is true.
fn with_keys(question: &str, before: Option<&Table>, after: Option<&Table>) -> String {
    let count = |table: Option<&Table>| table.map_or(0, |table| table.foreign_keys.len());
    if count(before) + count(after) == 0 {
        return question.to_owned();
    }
    let keys = keys_of(&before.into_iter().chain(after).collect::<Vec<_>>());
    format!("SELECT IF(({question}), IF({keys} >= {}, 1, 2), IF({keys} >= {}, 0, 2))", count(after), count(before))
}

/// How many foreign keys tables have, one table under several names.
fn keys_of(tables: &[&Table]) -> String {
    let names: std::collections::BTreeSet<String> =
        tables.iter().map(|table| DIALECT.string(&table.name.name)).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "(SELECT COUNT(*) FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() \
         AND TABLE_NAME IN ({names}) AND CONSTRAINT_TYPE = 'FOREIGN KEY')"
    )
}

/// The question for a change; `table` is its table before it, where it stood. `None` where nothing can be seen.
fn of_change(change: &Change, table: Option<&Table>) -> Option<String> {
    let named = |table: &Table| table.name.name.clone();
    Some(match change {
        Change::CreateTable(created) => stands(&base_table(&named(created)), true),
        Change::DropTable(_) => stands(&base_table(&named(table?)), false),
        Change::RenameTable { to, .. } => stands(&base_table(&to.name), true),
        Change::AddColumn { column, .. } => stands(&column_of(&named(table?), &column.name), true),
        Change::DropColumn { column, .. } => {
            let table = table?;
            stands(&column_of(&named(table), table.column_name(*column)), false)
        }
        Change::RenameColumn { to, .. } => stands(&column_of(&named(table?), to), true),
        Change::AddIndex { index, .. } => stands(&index_of(&named(table?), &index.name), true),
        Change::DropIndex { name, .. } => stands(&index_of(&named(table?), name), false),
        Change::RenameIndex { to, .. } => stands(&index_of(&named(table?), to), true),
        Change::AddConstraint { constraint, .. } => {
            stands(&constraint_of(&named(table?), constraint.kind(), &constraint.name().text), true)
        }
        Change::DropConstraint { kind, name, .. } => stands(&constraint_of(&named(table?), *kind, name), false),
        Change::RenameConstraint { kind, to, .. } => stands(&constraint_of(&named(table?), *kind, &to.text), true),
        Change::CreateTrigger(trigger) => stands(&trigger_of(&trigger.name), true),
        Change::DropTrigger(trigger) => stands(&trigger_of(&trigger.name), false),
        Change::CreateView(view) => stands(&view_of(&view.name.name), true),
        Change::DropView(view) => stands(&view_of(&view.name.name), false),
        _ => return None,
    })
}

/// How it is found out whether an author's statement ran. `state` is the state before it.
pub(in super::super) fn of_raw(sql: &str, effects: &[Change], access: &SqlAccess, state: &State) -> Recovery {
    let words = raw::words(sql).unwrap_or_default();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match word(0) {
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "DO" | "LOAD" => {
            Recovery::Transactional
        }
        "SET" if word(1) != "PASSWORD" => Recovery::Repeatable,
        "TRUNCATE" | "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR" | "FLUSH" | "GRANT" => Recovery::Repeatable,
        "CREATE" | "ALTER" | "DROP" | "RENAME" => {
            let conditional = words.windows(2).take(8).any(|two| {
                matches!(two, [a, b] if (a == "OR" && b == "REPLACE") || (a == "IF" && matches!(b.as_str(), "EXISTS" | "NOT")))
            });
            let questions: Vec<String> = effects
                .iter()
                .filter_map(|effect| {
                    let table = effect.table().and_then(|id| state.table(id));
                    of_change(effect, table.map(|table| &**table))
                })
                .collect();
            let same = effects.iter().all(|effect| matches!(effect, Change::AlterColumn { .. }));
            match questions.as_slice() {
                _ if conditional => Recovery::Repeatable,
                [one] => Recovery::Probeable(one.clone()),
                [] if word(0) == "ALTER" && same && !access.unread => Recovery::Repeatable,
                [] => of_words(sql).map_or(Recovery::Unknowable, Recovery::Probeable),
                // Where some of it ran, nobody can tell.
                many => {
                    let all = many.iter().map(|one| format!("({one})")).collect::<Vec<_>>();
                    let count = all.len();
                    Recovery::Probeable(format!(
                        "SELECT CASE s.n WHEN {count} THEN 1 WHEN 0 THEN 0 ELSE 2 END FROM (SELECT {} AS n) AS s",
                        all.join(" + ")
                    ))
                }
            }
        }
        _ => Recovery::Unknowable,
    }
}

/// The question for a definition that was not read, by its words: `CREATE … FUNCTION name`, `DROP TABLE name`.
fn of_words(sql: &str) -> Option<String> {
    let tokens = Tokenizer::new(&MySqlDialect {}, sql).tokenize().ok()?;
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => Some(word.value.as_str()),
        _ => None,
    };
    let is = |at: usize, text: &str| word(at).is_some_and(|word| word.eq_ignore_ascii_case(text));
    let made = if is(0, "CREATE") { true } else { is(0, "DROP").then_some(false)? };
    // A definer may stand before the kind, and a body after the name.
    let kinds = ["FUNCTION", "PROCEDURE", "EVENT", "TRIGGER", "VIEW", "TABLE", "INDEX"];
    let (at, kind) = (1..8).find_map(|at| Some((at, *kinds.iter().find(|kind| is(at, kind))?)))?;
    let name = DIALECT.string(word(at + 1)?);
    let next = tokens.get(at + 2);
    // Another database's, or several at once.
    if matches!(next, Some(Token::Period | Token::Comma)) {
        return None;
    }
    Some(stands(
        &match kind {
            "EVENT" => format!("EVENTS WHERE EVENT_SCHEMA = DATABASE() AND EVENT_NAME = {name}"),
            "TRIGGER" => format!("TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME = {name}"),
            "VIEW" => format!("VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}"),
            "TABLE" => {
                format!("TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name} AND TABLE_TYPE <> 'VIEW'")
            }
            "INDEX" => {
                let on = (at + 2..at + 6).find(|at| is(*at, "ON"))?;
                let table = DIALECT.string(word(on + 1)?);
                if matches!(tokens.get(on + 2), Some(Token::Period)) {
                    return None;
                }
                format!("STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} AND INDEX_NAME = {name}")
            }
            kind => format!(
                "ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME = {name} AND ROUTINE_TYPE = '{kind}'"
            ),
        },
        made,
    ))
}

/// Whether rows of that view of the catalog are there, or are not.
fn stands(rows: &str, there: bool) -> String {
    let compare = if there { "> 0" } else { "= 0" };
    format!("SELECT COUNT(*) {compare} FROM information_schema.{rows}")
}

fn base_table(name: &str) -> String {
    let name = DIALECT.string(name);
    format!("TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name} AND TABLE_TYPE <> 'VIEW'")
}

fn column_of(table: &str, name: &str) -> String {
    let (table, name) = (DIALECT.string(table), DIALECT.string(name));
    format!("COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} AND COLUMN_NAME = {name}")
}

fn index_of(table: &str, name: &str) -> String {
    let (table, name) = (DIALECT.string(table), DIALECT.string(name));
    format!("STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} AND INDEX_NAME = {name}")
}

fn constraint_of(table: &str, kind: ConstraintKind, name: &str) -> String {
    let (kind, name) = match kind {
        ConstraintKind::PrimaryKey => ("PRIMARY KEY", "PRIMARY"),
        ConstraintKind::Unique => ("UNIQUE", name),
        ConstraintKind::ForeignKey => ("FOREIGN KEY", name),
        ConstraintKind::Check => ("CHECK", name),
    };
    let (table, name) = (DIALECT.string(table), DIALECT.string(name));
    format!(
        "TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} AND CONSTRAINT_NAME = {name} \
         AND CONSTRAINT_TYPE = '{kind}'"
    )
}

fn trigger_of(name: &str) -> String {
    let name = DIALECT.string(name);
    format!("TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME = {name}")
}

fn view_of(name: &str) -> String {
    let name = DIALECT.string(name);
    format!("VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}")
}
