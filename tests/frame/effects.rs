//! What each verb says that it does, with each of its keys, on a state that has everything: what the frame law and the check
//! hold to databases is written down here, so that an effect that is gone, or comes, is seen.

use std::collections::BTreeSet;

use dbmigrate::backend::Backend;
use dbmigrate::check::frame::effects;
use dbmigrate::grammar::Verb;
use dbmigrate::state::State;

use crate::generator::{apply, make, paths, read};
use crate::seed::Numbers;

/// Operations of which each backend takes what it has.
const BASE: &[&str] = &[
    "create_schema = 's'",
    "create_schema = 'empty'",
    "create_extension = 'citext'",
    "create_enum = 'mood', values = ['glad', 'sad']",
    "create_enum = 'e', values = ['blue']",
    "create_sequence = 'other_numbers', start = 100",
    "create_table = 'u', primary_key = ['a', 'b'], columns = { a = 'integer', b = 'text', c = { type = 'string(20)', unique = true, comment = 'c' } }",
    "create_table = 't', primary_key = ['a'], columns = { a = { type = 'bigint', auto_increment = true }, b = { type = 'text', null = true }, c = { type = 'integer', default = 1, check = 'c > 0' }, d = { type = 'string(20)', default = 'x' }, e = { type = 'enum(mood)', default = 'glad' }, up = { type = 'bigint', null = true, references = 't.a' } }, indexes = { t_c_idx = { columns = ['c', 'd'] }, t_d_idx = { columns = ['d'], unique = true } }, checks = { ok = \"d <> ''\" }, uniques = { q = ['d', 'c'] }",
    "create_table = 'v', columns = { a = 'integer', b = { type = 'string(20)', null = true, references = 'u.c', on_delete = 'cascade' }, n = { type = 'integer', generated = 'a + 1' }, o = { type = 'json', null = true } }, indexes = { i = { columns = ['b'], where = 'a > 0' } }",
    "create_table = 'v', columns = { a = 'integer', b = { type = 'string(20)', null = true, references = 'u.c', on_delete = 'cascade' }, n = { type = 'integer', generated = 'a + 1' }, o = { type = 'json', null = true } }, indexes = { i = { columns = ['b'] } }",
    "create_table = 's.w', columns = { a = 'integer', b = 'text' }, indexes = { k = { columns = ['a'] } }",
    "create_table = 'alone', columns = { a = 'integer', b = { type = 'integer', null = true } }",
    "create_sequence = 'numbers', owned_by = 'v.a'",
    "create_view = 'titles', select = 'SELECT b, c FROM t WHERE c > 0'",
    "create_view = 'all_u', select = 'SELECT * FROM u'",
    "create_view = 'of_view', select = 'SELECT b FROM titles'",
    "create_view = 'kept_titles', select = 'SELECT c FROM t', materialized = true",
    "create_function = 'fun(integer)', definition = \"CREATE FUNCTION fun(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'\"",
    "create_function = 'fun(integer)', definition = 'CREATE FUNCTION fun(n integer) RETURNS integer DETERMINISTIC RETURN 1'",
    "create_trigger = 'trigger', on = 't', definition = 'CREATE TRIGGER trigger AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'",
    "create_trigger = 'trigger', on = 't', definition = 'CREATE TRIGGER trigger AFTER INSERT ON t BEGIN DELETE FROM alone; END'",
    "create_trigger = 'trigger', on = 't', definition = 'CREATE TRIGGER `trigger` AFTER INSERT ON t FOR EACH ROW DELETE FROM alone'",
];

fn base(backend: Backend) -> State {
    let mut state = State::empty(backend);
    for entries in BASE {
        let applied = read(&format!("up = [{{ {entries} }}]"), backend).and_then(|operation| apply(&state, &operation));
        state = applied.map_or(state, |applied| applied.after);
    }
    state
}

/// Operations of each verb, each with an effect that none before it has, and their effects.
fn told(backend: Backend, seen: &mut BTreeSet<(&'static str, String)>) -> String {
    let state = base(backend);
    let mut told = String::new();
    for verb in Verb::ALL {
        let paths = paths(*verb, Some(backend));
        let wanted = std::iter::repeat_n(None, 3).chain(paths.iter().map(|path| Some(path.as_str())));
        for (number, path) in (0..).zip(wanted) {
            // The same ones whatever other verbs there are.
            let letters = verb.name.bytes().map(u64::from);
            let numbers = &mut Numbers::fixed(letters.fold(number, |seed, letter| seed.wrapping_mul(131) + letter));
            for _ in 0..10 {
                let Some(made) = make(&state, *verb, path, numbers) else { break };
                let Some(effects) = effects(&made.operation, &state) else { continue };
                let mut new = false;
                for (shape, _) in &effects {
                    new |= seen.insert((verb.name, shape.clone()));
                }
                if new {
                    told += &format!("{}\n", made.toml);
                    for (shape, of) in &effects {
                        told += &format!("    {shape}: {of}\n");
                    }
                    told.push('\n');
                }
            }
        }
    }
    told
}

#[test]
fn effects_of_every_verb_and_key() {
    let mut seen = BTreeSet::new();
    for backend in [Backend::Postgres, Backend::Mysql, Backend::Sqlite] {
        insta::assert_snapshot!(format!("effects_{backend}"), told(backend, &mut seen));
    }
}
