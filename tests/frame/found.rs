//! Pairs that once broke the law: they are independent no longer, or work in either order.

use dbmigrate::backend::Backend;
use dbmigrate::check::frame::Tried;
use dbmigrate::operation::Operation;
use dbmigrate::state::State;

use super::{broken, with_other_identities};
use crate::generator::{apply, read};
use crate::seed::Numbers;

fn operation(backend: Backend, entries: &str) -> Operation {
    read(&format!("up = [{{ {entries} }}]"), backend).unwrap_or_else(|| panic!("{entries} has an error"))
}

/// After some operations, holds one and another to the law. Gives whether they are independent.
#[track_caller]
fn independent(backend: Backend, before: &[&str], one: &str, other: &str) -> bool {
    let mut state = State::empty(backend);
    for entries in before {
        state = apply(&state, &operation(backend, entries)).unwrap_or_else(|| panic!("{entries} is not valid")).after;
    }
    let apart = with_other_identities(&state, &mut Numbers::new(1));
    let (one, other) = (operation(backend, one), operation(backend, other));
    let (first, second) = (Tried::of(&one, &state).expect("valid"), Tried::of(&other, &apart).expect("valid"));
    let independent = first.is_independent_of(&second);
    let wrong = if independent { broken(&one, &other, &first, &second) } else { None };
    assert_eq!(wrong, None, "{}", one.title());
    independent
}

const U: &str = "create_table = 'u', columns = { a = 'integer', b = { type = 'integer', null = true } }";
const OTHER: &str = "create_table = 'other', columns = { a = 'integer' }";

#[test]
fn what_if_exists_looks_up_is_part_of_what_is_touched() {
    let view = "create_view = 't', select = 'SELECT a FROM u'";
    let table = "create_table = 't', columns = { a = 'integer' }";
    let trigger = |backend| match backend {
        Backend::Sqlite => "CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END",
        Backend::Postgres => {
            "CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        }
        Backend::Mysql => "CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW SET @x = 1",
    };
    for backend in Backend::ALL {
        let on = if backend == Backend::Postgres { " ON u" } else { "" };
        let trigger = format!("create_trigger = 't', on = 'u', definition = '{}'", trigger(backend));
        let cases = [
            ("DROP VIEW IF EXISTS t".to_owned(), view),
            ("DROP TABLE IF EXISTS t".to_owned(), table),
            (format!("DROP TRIGGER IF EXISTS t{on}"), &trigger),
            ("ALTER TABLE u DROP CONSTRAINT IF EXISTS t".to_owned(), "add_check = 't', on = 'u', expr = 'a > 0'"),
            ("CREATE TABLE IF NOT EXISTS t (a integer)".to_owned(), table),
        ];
        for (sql, other) in cases {
            // Elsewhere than on PostgreSQL there is no such statement, and MySQL's definitions are not read.
            let (constraint, table) = (sql.contains("CONSTRAINT"), sql.contains(" TABLE IF"));
            if constraint && backend != Backend::Postgres || table && backend == Backend::Mysql {
                continue;
            }
            let sql = format!("sql = \"{sql}\", down = '', writes = ['other']");
            assert!(!independent(backend, &[U, OTHER], &sql, other), "{backend}: {sql} and {other}");
        }
    }
}

#[test]
fn an_index_that_is_not_there_is_looked_up_among_what_can_be_one() {
    let sql = "sql = 'DROP INDEX IF EXISTS i', down = ''";
    for backend in [Backend::Sqlite, Backend::Postgres] {
        assert!(!independent(backend, &[U], sql, "create_index = 'i', on = 'u', columns = ['a']"));
        let unique = independent(backend, &[U], sql, "add_unique = 'i', on = 'u', columns = ['a']");
        assert_eq!(unique, backend == Backend::Sqlite, "on PostgreSQL there is an index behind it");
        independent(backend, &[U], sql, "add_check = 'i', on = 'u', expr = 'a > 0'");
    }
}

#[test]
fn a_check_touches_the_column_that_its_name_is_made_of() {
    let table = "create_table = 'c', columns = { a = 'integer', b = { type = 'integer', check = 'a > 0' } }";
    for backend in Backend::ALL {
        assert!(!independent(
            backend,
            &[table],
            "drop_check = 'c_b_check', on = 'c'",
            "rename_column = 'c.b', to = 'd'"
        ));
    }
}

#[test]
fn sql_that_cannot_be_read_may_make_what_other_sql_names() {
    for backend in Backend::ALL {
        let unread = "sql = 'DO something', down = '', writes = ['other']";
        for sql in ["DROP TABLE IF EXISTS t", "DROP VIEW IF EXISTS t"] {
            let sql = format!("sql = '{sql}', down = '', reads = ['u']");
            // MySQL's definitions are not read.
            let reads = backend != Backend::Mysql || sql.contains("VIEW");
            assert_eq!(independent(backend, &[U, OTHER], &sql, unread), !reads, "{backend}: {sql}");
        }
        let update = "sql = 'UPDATE u SET b = 1', down = ''";
        assert!(independent(backend, &[U], update, "create_table = 'v', columns = { a = 'integer' }"));
    }
}

#[test]
fn a_name_that_may_mean_a_table_of_another_schema_depends_on_that() {
    let before = [U, OTHER, "create_schema = 's'", "create_view = 's.t', select = 'SELECT a FROM u'"];
    let sql = "sql = 'UPDATE t SET a = a', down = '', writes = ['other']";
    assert!(!independent(Backend::Postgres, &before, sql, "drop_view = 's.t'"));
}

#[test]
fn what_is_written_for_a_change_that_finds_nothing_to_do_is_not_looked_at() {
    let alter = "alter_column = 'u.a', type = 'integer', using = 'b + 1', using_down = 'b + 1'";
    for backend in Backend::ALL {
        assert!(independent(backend, &[U], alter, "rename_column = 'u.b', to = 'c'"));
        assert!(independent(backend, &[U], alter, "drop_column = 'u.b'"));
    }
}

#[test]
fn a_column_that_the_index_behind_a_key_includes_cannot_go() {
    let before = [
        U,
        "create_index = 'i', on = 'u', columns = ['a'], unique = true, include = ['b']",
        "create_table = 'w', columns = { a = { type = 'integer', references = 'u.a' } }",
    ];
    let mut state = State::empty(Backend::Postgres);
    for entries in before {
        state = apply(&state, &operation(Backend::Postgres, entries)).expect("valid").after;
    }
    assert!(apply(&state, &operation(Backend::Postgres, "drop_column = 'u.b'")).is_none());
    assert!(apply(&state, &operation(Backend::Sqlite, "drop_column = 'u.a'")).is_none());
}

/// The facts of a state have names, not identities: those of a sequence's owner depend on the order of the tables otherwise.
#[test]
fn what_owns_a_sequence_is_told_by_its_name() {
    let owned = ["create_sequence = 'n', owned_by = 'u.a'"];
    let after = |before: [&str; 2]| {
        let all = before.iter().chain(&owned);
        all.fold(State::empty(Backend::Postgres), |state, entries| {
            apply(&state, &operation(Backend::Postgres, entries)).expect("valid").after
        })
    };
    assert_eq!(after([U, OTHER]).differences(&after([OTHER, U])), Vec::<String>::new());
}

#[test]
fn a_key_is_the_same_whichever_of_its_columns_comes_first() {
    let child = "create_table = 'w', columns = { x = 'integer', y = 'integer' }";
    let key = "add_foreign_key = 'f', on = 'w', columns = ['x', 'y'], references = ['u.b', 'u.a']";
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let before = [U, "add_unique = 'q', on = 'u', columns = ['a', 'b']", child];
        assert!(!independent(backend, &before, key, "drop_unique = 'q', on = 'u'"), "{backend}");
    }
}
