//! At every place of both directions, the place of the other direction has the same schema.

use super::*;
use crate::backend::Backend;
use crate::manifest::{Files, parse};
use crate::plan::{Progress, everything_applied};

const BASE: &str = r#"
[project]
name = "t"
backends = ["mysql"]
order = "linear"

[[migration]]
version = 1
name = "base"
[[migration.up]]
create_table = "a"
primary_key = ["id"]
columns = { id = "bigint", name = "string(40)", n = { type = "integer", check = "n > 0" } }

[[migration]]
version = 2
name = "half"
"#;

/// The migration `half`, interrupted at a place of a direction, and the state before it.
fn interrupted(up: &str, state: RowState, at: Place) -> (Half, State) {
    let (half, before, _) = standing(up, state, Standing { surely: at, perhaps: at, turned: None, lost: None });
    (half, before)
}

fn standing(up: &str, state: RowState, standing: Standing) -> (Half, State, LedgerRow) {
    let loaded = parse(&Files { path: "schema.toml".into(), schema: format!("{BASE}{up}"), ..Files::default() });
    assert_eq!(loaded.diagnostics, [], "the manifest of a test is right");
    let manifest = loaded.manifest.expect("a manifest");
    let (graph, _) = crate::graph::Graph::build(&manifest.migrations, true);
    let mut ledger = everything_applied(&manifest, &graph);
    let mut before = State::empty(Backend::Mysql);
    let mut found = Vec::new();
    replay::up(&mut before, "base", &ledger.rows[0].body, &mut found);
    let row = &mut ledger.rows[1];
    row.state = state;
    row.progress = Some(Progress { done: 0, unknown: None, of: 0, place: Some(standing) });
    let half = Half::of(row, &row.body, &before);
    assert_eq!(found, []);
    (half, before, row.clone())
}

/// The state with the first changes of a direction done: of the way up, or of the way down after all of it.
fn reached(half: &Half, before: &State, state: RowState, done: usize) -> State {
    let mut reached = before.clone();
    let all = half.changes(RowState::Applying).count();
    let ups = if state == RowState::Applying { done } else { all };
    for change in half.changes(RowState::Applying).take(ups) {
        reached.apply(change).expect("it was replayed");
    }
    if state == RowState::Reverting {
        for change in half.changes(RowState::Reverting).take(done) {
            reached.apply(change).expect("it was replayed");
        }
    }
    reached
}

/// At every place of both directions, the place of the other direction has the same schema; gives how many places
/// have none.
fn every_place(up: &str) -> usize {
    let mut none = 0;
    for (state, other) in [(RowState::Applying, RowState::Reverting), (RowState::Reverting, RowState::Applying)] {
        let (half, _) = interrupted(up, state, Place::default());
        for done in 0..=half.changes(state).count() {
            let (half, before) = interrupted(up, state, Place { change: done, part: 0 });
            let Some(back) = half.goes_back() else {
                none += 1;
                continue;
            };
            assert_eq!(back.part, 0);
            let (here, there) = (reached(&half, &before, state, done), reached(&half, &before, other, back.change));
            assert_eq!(here.differences(&there), Vec::<String>::new(), "{state:?} {done} = {other:?} {}", back.change);
        }
    }
    none
}

#[test]
fn the_other_direction_has_the_same_schema_at_every_place() {
    let everything = r#"
[[migration.up]]
create_table = "b"
primary_key = ["id"]
columns = { id = "bigint", a_id = { type = "bigint", references = "a.id" } }
indexes = { b_idx = { columns = ["a_id", "id"] } }
[[migration.up]]
add_column = "a.more"
type = "string(20)"
default = "x"
unique = true
check = "more <> ''"
[[migration.up]]
rename_column = "a.n"
to = "m"
[[migration.up]]
rename_table = "a"
to = "c"
[[migration.up]]
drop_column = ["c.name", "c.more"]
refill = "y"
[[migration.up]]
drop_table = "b"
"#;
    assert_eq!(every_place(everything), 0);
}

#[test]
fn rows_of_a_table_that_stands_are_taken_back_and_those_of_one_that_goes_are_not() {
    let rows = r#"
[[migration.up]]
insert = "a"
key = ["id"]
rows = [{ id = 7, name = "seven", n = 1 }]
[[migration.up]]
create_table = "b"
columns = { id = "bigint" }
[[migration.up]]
insert = "b"
rows = [{ id = 1 }]
"#;
    assert_eq!(every_place(rows), 0);
    // With only `b` dropped again, its rows are put in again, too.
    let (half, _) = interrupted(rows, RowState::Reverting, Place { change: 1, part: 0 });
    assert_eq!(half.goes_back(), Some(Place { change: 1, part: 0 }));
}

#[test]
fn rows_that_still_stand_are_not_put_in_twice() {
    let rows = r#"
[[migration.up]]
create_table = "b"
columns = { id = "bigint" }
[[migration.up]]
create_table = "c"
columns = { id = "bigint" }
[[migration.up]]
insert = "b"
rows = [{ id = 1 }]
"#;
    // `c` is dropped, and the rows of `b` stand.
    let (half, _) = interrupted(rows, RowState::Reverting, Place { change: 1, part: 0 });
    assert_eq!(half.goes_back(), None);
    let (half, _) = interrupted(rows, RowState::Reverting, Place { change: 2, part: 0 });
    assert_eq!(half.goes_back(), Some(Place::default()));
}

#[test]
fn a_way_down_of_its_own_is_taken_back_from_its_ends_only() {
    let own = r#"
[[migration.up]]
add_column = "a.x"
type = "integer"
default = 1
[[migration.up]]
add_column = "a.y"
type = "integer"
default = 1
[[migration.down]]
drop_column = "a.y"
[[migration.down]]
drop_column = "a.x"
"#;
    assert_eq!(every_place(own), 2);
}

#[test]
fn a_change_that_has_begun_is_taken_back_as_a_whole() {
    let fill = r#"
[[migration.up]]
add_column = "a.x"
type = "string(60)"
fill = { expr = "name" }
"#;
    let (half, _) = interrupted(fill, RowState::Applying, Place { change: 0, part: 1 });
    assert_eq!(half.goes_back(), Some(Place::default()));
    let using = "[[migration.up]]\nalter_column = \"a.name\"\ntype = \"integer\"\nusing = \"length(name)\"\n";
    let (half, _) = interrupted(using, RowState::Applying, Place { change: 0, part: 1 });
    assert_eq!(half.goes_back(), None);
}

#[test]
fn what_may_stand_yet_is_not_edited_away() {
    let longer = "[[migration.up]]\nalter_column = \"a.n\"\ntype = \"bigint\"\n";
    let index = "[[migration.up]]\ncreate_index = \"a_n\"\non = \"a\"\ncolumns = [\"n\"]\n";
    let last = format!("{longer}{index}");
    // On the way down, `a.n` is short again or it is not.
    let (one, two) = (Place { change: 1, part: 0 }, Place { change: 2, part: 0 });
    let down = Standing { surely: one, perhaps: two, turned: None, lost: None };
    // The same, turned round before anything ran of the way up.
    let turned = Standing { surely: Place::default(), perhaps: Place::default(), turned: Some(one), lost: None };
    for (state, at) in [(RowState::Reverting, down), (RowState::Applying, turned)] {
        let (half, _, row) = standing(&last, state, at);
        let place = if state == RowState::Reverting { half.goes_back().unwrap() } else { half.goes_on() };
        assert_eq!(place, Place::default());
        let begins = |up: &str| {
            let (now, ..) = interrupted(up, RowState::Applying, Place::default());
            let now: Vec<Change> = now.changes(RowState::Applying).cloned().collect();
            half.still_begins(&row, &now, place, Direction::Up, Span::NONE)
        };
        assert_eq!(begins(&last), None);
        assert!(begins(index).is_some(), "{state:?}: nothing would say that `a.n` is a bigint");
        // What surely is undone may be edited.
        assert_eq!(begins(longer), None);
    }
}
