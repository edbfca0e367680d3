//! Views made, replaced and dropped, up and down with rows in what they read.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const TABLE: &str = "[[up]]\ncreate_table = \"people\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\nname = \"string(40)\"\nage = \"integer\"\n\n\
                     [[up]]\ninsert = \"people\"\nkey = [\"id\"]\nrows = [{ id = 1, name = \"Ada\", age = 36 }, { id = 2, name = \"Bob\", age = 7 }]\n";
const MADE: &str = "[[up]]\ncreate_view = \"adults\"\nselect = \"SELECT id, name FROM people WHERE age >= 18\"\n";
/// Other columns, in another order: more than PostgreSQL's own REPLACE takes.
const REPLACED: &str =
    "[[up]]\nreplace_view = \"adults\"\nselect = \"SELECT age, name AS called, id FROM people WHERE age >= 16;\"\n";
const OVER: &str = "[[up]]\ncreate_view = \"elders\"\nselect = \"SELECT called FROM adults WHERE age > 30\"\n";
const DROPPED: &str = "[[up]]\ndrop_view = \"elders\"\n\n[[up]]\nreplace_view = \"adults\"\nselect = \"SELECT count(*) AS n FROM people\"\n\n[[up]]\ndrop_view = \"adults\"\n";

pub fn views_are_made_replaced_and_dropped(database: &dyn Database) {
    let schema = format!("[project]\nname = \"views\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let nodes =
        [("1_table", TABLE), ("2_made", MADE), ("3_replaced", REPLACED), ("4_over", OVER), ("5_dropped", DROPPED)];
    let project = Project::of(&schema, &nodes);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["up", "4"]).ok();
    assert_eq!(database.query("SELECT called FROM elders"), "Ada");
    assert_eq!(database.query("SELECT age FROM adults"), "36");
    project.run(database, &["down", "2"]).ok();
    assert_eq!(database.query("SELECT name FROM adults"), "Ada");
}

/// What is missed in another order is found.
#[test]
fn a_replaced_view_has_an_order_with_what_reads_it() {
    let schema = "[project]\nname = \"views\"\nbackends = [\"sqlite\", \"postgres\"]\n";
    let needs = |operation: &str| format!("requires = [\"made\"]\n\n{operation}");
    let (replaced, reads) =
        (needs(REPLACED), needs("[[up]]\ncreate_view = \"names\"\nselect = \"SELECT name FROM adults\"\n"));
    let made = format!("requires = [\"table\"]\n\n{MADE}");
    let project =
        Project::of(schema, &[("1_table", TABLE), ("2_made", &made), ("3_replaced", &replaced), ("4_reads", &reads)]);
    let said = project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]);
    assert!(said.code == 3, "{}{}", said.stdout, said.stderr);
}
