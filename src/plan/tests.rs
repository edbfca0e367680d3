//! Plans against ledgers that differ from the manifest, and ways down that fail, lose or are in vain.

use super::*;
use crate::backend::Backend;
use crate::diagnostic::{Code, Direction, Severity};
use crate::graph::Graph;
use crate::manifest::{Files, Manifest, parse};
use crate::state::Change;

const BASE: &str = r#"
[[migration]]
version = 1
name = "users"
[[migration.up]]
create_table = "users"
primary_key = ["id"]
columns = { id = "bigint", email = "string(80)" }

[[migration]]
version = 2
name = "posts"
requires = ["users"]
[[migration.up]]
create_table = "posts"
primary_key = ["id"]
columns = { id = "bigint", author_id = { type = "bigint", references = "users.id" }, slug = "text" }
"#;

fn manifest(nodes: &str) -> (Manifest, Graph) {
    let schema = format!("[project]\nname = \"t\"\nbackends = [\"sqlite\", \"postgres\"]\n{nodes}");
    let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
    assert_eq!(loaded.diagnostics, vec![], "the manifest of a test is right");
    let manifest = loaded.manifest.unwrap();
    let (graph, _) = Graph::build(&manifest.migrations, manifest.linear);
    (manifest, graph)
}

/// A ledger in which everything of a manifest is applied, in version order.
fn applied(nodes: &str) -> Ledger {
    let (manifest, graph) = manifest(nodes);
    everything_applied(&manifest, &graph)
}

fn plan(nodes: &str, ledger: &Ledger, target: &Target) -> Plan {
    plan_with(nodes, ledger, target, Downs::Auto)
}

fn plan_with(nodes: &str, ledger: &Ledger, target: &Target, downs: Downs) -> Plan {
    let (manifest, graph) = manifest(nodes);
    make(&manifest, &graph, ledger, target, downs, Backend::Sqlite).unwrap()
}

fn steps(plan: &Plan) -> Vec<String> {
    let arrow = |step: &Step| if step.direction == Direction::Up { "+" } else { "-" };
    plan.steps.iter().map(|step| format!("{}{}", arrow(step), step.name)).collect()
}

fn codes(plan: &Plan) -> Vec<(Code, Severity)> {
    plan.diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.severity)).collect()
}

fn changes(plan: &Plan) -> Vec<&Change> {
    plan.steps.iter().flat_map(|step| &step.parts).flat_map(|part| &part.changes).collect()
}

#[test]
fn an_orphan_rolls_back_as_it_was_applied() {
    let orphan = r#"
[[migration]]
version = 3
name = "gone"
requires = ["posts"]
[[migration.up]]
add_column = "posts.extra"
type = "text"
null = true
"#;
    let ledger = applied(&format!("{BASE}{orphan}"));
    let plan = plan(BASE, &ledger, &Target::Zero);
    assert_eq!(steps(&plan), ["-gone", "-posts", "-users"]);
    assert_eq!(codes(&plan), [(Code::Orphaned, Severity::Warning)]);
    assert!(plan.to.is_empty());
}

#[test]
fn down_name_takes_the_orphans_that_require_it_along() {
    let orphan = "[[migration]]\nversion = 3\nname = \"gone\"\nrequires = [\"users\"]\n[[migration.up]]\nsql = \"SELECT 1\"\ndown = \"\"\n";
    let ledger = applied(&format!("{BASE}{orphan}"));
    let plan = plan(BASE, &ledger, &Target::DownName("users".into()));
    assert_eq!(steps(&plan), ["-gone", "-posts", "-users"]);
}

const TRIGGER: &str = r#"
[[migration]]
version = 3
name = "audit"
requires = ["posts"]
[[migration.up]]
sql = "CREATE TRIGGER audit AFTER INSERT ON posts BEGIN SELECT 1; END"
down = "DROP TRIGGER adit"
"#;

#[test]
fn an_edited_down_mends_a_broken_one() {
    let ledger = applied(&format!("{BASE}{TRIGGER}"));
    let mended = format!("{BASE}{}", TRIGGER.replace("adit", "audit"));
    let sql = |downs| {
        let plan = plan_with(&mended, &ledger, &Target::Down(1), downs);
        let sql =
            changes(&plan).iter().find_map(|c| if let Change::Sql { sql, .. } = c { Some(sql.clone()) } else { None });
        (codes(&plan), sql.unwrap())
    };
    let edited = vec![(Code::DownEdited, Severity::Warning)];
    assert_eq!(sql(Downs::Auto), (edited.clone(), "DROP TRIGGER audit".into()));
    assert_eq!(sql(Downs::Ledger), (edited, "DROP TRIGGER adit".into()));
}

#[test]
fn an_edited_up_is_undone_as_it_was_applied() {
    let ledger = applied(BASE);
    let edited = BASE
        .replace("slug = \"text\"", "slug = \"string(20)\"")
        .replace("create_table = \"posts\"", "create_table = \"articles\"");
    let plan = plan(&edited, &ledger, &Target::Down(1));
    assert_eq!(codes(&plan), [(Code::UpEdited, Severity::Warning)]);
    let posts = plan.start.tables().iter().find(|table| table.name.name == "posts").map(|table| table.id);
    assert_eq!(changes(&plan), [&Change::DropTable(posts.unwrap())]);
}

#[test]
fn history_that_contradicts_a_newer_edge_is_undone_in_its_own_order() {
    let a = "[[migration]]\nversion = 1\nname = \"a\"\nREQ\n[[migration.up]]\ncreate_table = \"a\"\ncolumns = { id = \"bigint\" }\n";
    let b = "[[migration]]\nversion = 2\nname = \"b\"\n[[migration.up]]\ncreate_table = \"b\"\ncolumns = { id = \"bigint\" }\n";
    let before = format!("{}{b}", a.replace("REQ", ""));
    let after = format!("{}{b}", a.replace("REQ", "requires = [\"b\"]"));
    let plan = plan(&after, &applied(&before), &Target::Zero);
    assert_eq!(steps(&plan), ["-b", "-a"]);
    assert_eq!(codes(&plan), [(Code::RequirementNotApplied, Severity::Warning)]);
}

#[test]
fn what_has_no_way_down_refuses_the_way_down_and_warns_on_the_way_up() {
    let nodes = format!("{BASE}\n[[migration]]\nversion = 3\nname = \"raw\"\n[[migration.up]]\nsql = \"SELECT 1\"\n");
    let up = plan(&nodes, &Ledger::default(), &Target::Latest);
    assert_eq!(codes(&up), [(Code::NoWayDown, Severity::Warning)]);
    assert_eq!(up.steps.last().unwrap().reversal, Reversal::Impossible);
    let down = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert_eq!(codes(&down), [(Code::NoWayDown, Severity::Error)]);
}

#[test]
fn an_irreversible_migration_says_why() {
    let nodes = format!(
        "{BASE}\n[[migration]]\nversion = 3\nname = \"raw\"\nirreversible = \"mail was sent\"\n[[migration.up]]\nsql = \"SELECT 1\"\n"
    );
    let down = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert_eq!(codes(&down), [(Code::Irreversible, Severity::Error)]);
    assert!(down.diagnostics[0].message.contains("mail was sent"));
}

const DROPS: &str = r#"
[[migration]]
version = 3
name = "drop_slug"
requires = ["posts"]
[[migration.up]]
drop_column = "posts.slug"
"#;

#[test]
fn a_restore_that_a_later_drop_makes_vain_is_left_out() {
    let nodes = format!("{BASE}{DROPS}");
    let reset = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert_eq!(changes(&reset).len(), 2, "two tables are dropped and nothing else happens");
    let left = &reset.steps[0].left_out;
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].operation.as_str(), left[0].why.as_str()),
        ("drop_column posts.slug", "`posts` is dropped later in this plan")
    );
    // Where the table stays, the column comes back.
    let one = plan(&nodes, &applied(&nodes), &Target::Down(1));
    assert!(matches!(changes(&one)[..], [Change::AddColumn { .. }]));
    assert!(one.steps[0].left_out.is_empty());
}

#[test]
fn nothing_is_left_out_where_a_run_may_end_between_two_steps() {
    let nodes = format!("{BASE}{DROPS}");
    let (manifest, graph) = manifest(&nodes);
    let ledger = applied(&nodes);
    let parts = make_in_parts(&manifest, &graph, &ledger, &Target::Zero, Downs::Auto, Backend::Sqlite).unwrap();
    assert!(parts.steps.iter().all(|step| step.left_out.is_empty()));
    assert!(matches!(changes(&parts)[0], Change::AddColumn { .. }));
}

/// Where DDL commits by itself, the column comes back, so that an interrupted run knows of it; but it may be NULL.
#[test]
fn a_column_may_be_null_until_its_table_is_dropped_where_ddl_commits_by_itself() {
    let nodes = format!("{BASE}{DROPS}");
    let (manifest, graph) = manifest(&nodes);
    let to = |target: &Target| make(&manifest, &graph, &applied(&nodes), target, Downs::Auto, Backend::Mysql).unwrap();
    let back = |plan: &Plan| {
        let Change::AddColumn { column, .. } = changes(plan)[0] else { panic!("{:?}", changes(plan)) };
        (column.null, plan.steps[0].left_out.first().cloned())
    };
    let (operation, why) = ("NOT NULL in drop_column posts.slug", "`posts` is dropped later in this plan");
    let left_out = LeftOut { operation: operation.to_owned(), why: why.to_owned() };
    assert_eq!(back(&to(&Target::Zero)), (true, Some(left_out)));
    assert_eq!(back(&to(&Target::Down(1))), (false, None));
}

#[test]
fn nothing_is_left_out_before_something_its_author_wrote() {
    let raw = "[[migration]]\nversion = 4\nname = \"raw\"\nrequires = [\"users\"]\n[[migration.up]]\nsql = \"SELECT 1\"\ndown = \"SELECT slug FROM posts\"\n";
    // `raw` was applied before the column was dropped, so its down runs after the restore.
    let nodes = format!("{BASE}{raw}{}", DROPS.replace("version = 3", "version = 5"));
    let reset = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert!(reset.steps.iter().all(|step| step.left_out.is_empty()));
    assert!(changes(&reset).iter().any(|change| matches!(change, Change::AddColumn { .. })));
}

#[test]
fn what_is_over_a_column_left_out_is_left_out_too() {
    let nodes = format!(
        "{BASE}{DROPS}{}",
        r#"
[[migration]]
version = 4
name = "x"
[[migration.up]]
note = "nothing"
"#
    )
    .replace(
        "name = \"drop_slug\"\nrequires = [\"posts\"]",
        "name = \"drop_slug\"\nrequires = [\"posts\"]\n[[migration.up]]\ncreate_index = \"posts_slug_idx\"\non = \"posts\"\ncolumns = [\"slug\"]\n[[migration.up]]\nrename_column = \"posts.slug\"\nto = \"address\"",
    )
    .replace("drop_column = \"posts.slug\"", "drop_column = \"posts.address\"");
    let reset = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert_eq!(codes(&reset), []);
    assert!(
        changes(&reset).iter().all(|change| matches!(change, Change::DropTable(_) | Change::Note(_))),
        "{:?}",
        changes(&reset)
    );
}

#[test]
fn a_written_down_that_leaves_something_standing_is_told() {
    let nodes = format!(
        "{BASE}\n[[migration]]\nversion = 3\nname = \"t\"\n[[migration.up]]\ncreate_table = \"t\"\ncolumns = {{ id = \"bigint\" }}\n[[migration.down]]\nnote = \"forgotten\"\n"
    );
    let reset = plan(&nodes, &applied(&nodes), &Target::Zero);
    assert_eq!(codes(&reset), [(Code::LeftAtZero, Severity::Error)]);
}

const SLOW: &str = r#"
[[migration]]
version = 3
name = "slow"
requires = ["posts"]
transaction = false
[[migration.up]]
create_index = "posts_slug_idx"
on = "posts"
columns = ["slug"]
[[migration.up]]
sql = ["SELECT 1", "SELECT 2"]
down = "SELECT 3"
"#;

fn interrupted(nodes: &str, done: usize, of: usize) -> Ledger {
    let mut ledger = applied(nodes);
    ledger.rows[2].state = RowState::Applying;
    ledger.rows[2].progress = Some(Progress { done, unknown: None, of, place: None });
    ledger
}

#[test]
fn an_interrupted_migration_goes_on_after_the_last_statement_that_ran() {
    let nodes = format!("{BASE}{SLOW}");
    let up = plan(&nodes, &interrupted(&nodes, 1, 3), &Target::Latest);
    assert_eq!((steps(&up), up.steps[0].skip_statements, up.steps[0].position), (vec!["+slow".to_owned()], 1, 3));
}

#[test]
fn what_ran_of_an_interrupted_migration_is_backed_out() {
    let nodes = format!("{BASE}{SLOW}");
    let down = |done| {
        let plan = plan(&nodes, &interrupted(&nodes, done, 3), &Target::Down(1));
        let undone: Vec<String> = plan.steps[0].parts.iter().map(|part| part.operation.clone()).collect();
        (undone, codes(&plan))
    };
    assert_eq!(down(0), (vec![], vec![]));
    assert_eq!(down(1), (vec!["create_index posts_slug_idx".to_owned()], vec![]));
    assert_eq!(down(2), (vec![], vec![(Code::Interrupted, Severity::Error)]));
    assert_eq!(down(3), (vec!["sql".to_owned(), "create_index posts_slug_idx".to_owned()], vec![]));
}

#[test]
fn an_interrupted_orphan_is_backed_out_too() {
    let nodes = format!("{BASE}{SLOW}");
    let reset = plan(BASE, &interrupted(&nodes, 1, 3), &Target::Zero);
    assert_eq!(codes(&reset), [(Code::Orphaned, Severity::Warning)]);
    assert_eq!(steps(&reset), ["-slow", "-posts", "-users"]);
}

#[test]
fn an_insert_is_taken_back_by_its_key_or_by_all_its_values() {
    let insert = |key: &str| {
        format!(
            "{BASE}\n[[migration]]\nversion = 3\nname = \"rows\"\nrequires = [\"users\"]\n[[migration.up]]\ninsert = \"users\"\n{key}\nrows = [{{ id = 1, email = \"a\" }}]\n"
        )
    };
    let columns = |nodes: &str| {
        let plan = plan(nodes, &applied(nodes), &Target::Down(1));
        assert_eq!(codes(&plan), []);
        match changes(&plan)[..] {
            [Change::DeleteRows { rows, .. }] => rows[0].len(),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!((columns(&insert("key = [\"email\"]")), columns(&insert(""))), (1, 2));
}

#[test]
fn a_redo_whose_way_down_fails_says_nothing_of_the_way_up() {
    let nodes = format!(
        "{BASE}\n[[migration]]\nversion = 3\nname = \"tags\"\nirreversible = \"mail was sent\"\n[[migration.up]]\ncreate_table = \"tags\"\ncolumns = {{ id = \"bigint\" }}\n"
    );
    let redo = plan(&nodes, &applied(&nodes), &Target::Redo(1));
    assert_eq!(codes(&redo), [(Code::Irreversible, Severity::Error)]);
}
