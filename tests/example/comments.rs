//! Comments of tables and columns: made, changed, taken away, and back. SQLite keeps none, and runs the same migrations.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const MADE: &str = "[[up]]\ncreate_table = \"people\"\nprimary_key = [\"id\"]\ncomment = \"whoever is 'known' \\\\ here\"\n[up.columns]\nid = \"integer\"\n\
                    name = { type = \"string(40)\", comment = \"as it's said\", default = \"x\" }\nage = \"integer\"\n\n\
                    [[up]]\ninsert = \"people\"\nkey = [\"id\"]\nrows = [{ id = 1, name = \"Ada\", age = 36 }]\n";
const ADDED: &str =
    "[[up]]\nadd_column = \"people.born\"\ntype = \"integer\"\nfill = { expr = \"age * 2\" }\ncomment = \"a year\"\n";
const ALTERED: &str = "[[up]]\nalter_column = \"people.age\"\ncomment = \"in years\"\n\n\
                       [[up]]\nalter_column = \"people.name\"\ntype = \"string(80)\"\ncomment = \"the whole of it\"\n\n\
                       [[up]]\nrename_column = \"people.name\"\nto = \"called\"\n";
const UNSET: &str = "[[up]]\nalter_column = \"people.called\"\nunset = [\"comment\", \"default\"]\n";
const DROPPED: &str = "[[up]]\ndrop_column = \"people.born\"\nrefill = 1900\n";
const GONE: &str = "[[up]]\ndrop_table = \"people\"\n";

pub fn comments_are_kept_changed_and_taken_away(database: &dyn Database) {
    let schema = format!("[project]\nname = \"said\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let nodes = [
        ("1_made", MADE),
        ("2_added", ADDED),
        ("3_altered", ALTERED),
        ("4_unset", UNSET),
        ("5_dropped", DROPPED),
        ("6_gone", GONE),
    ];
    let project = Project::of(&schema, &nodes);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    let columns = match database.backend() {
        "postgres" => {
            "SELECT string_agg(coalesce(col_description('people'::regclass, attnum), '-'), '|' ORDER BY attnum) \
             || '|' || obj_description('people'::regclass) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped"
        }
        "mysql" => {
            "SELECT CONCAT((SELECT GROUP_CONCAT(IF(COLUMN_COMMENT = '', '-', COLUMN_COMMENT) ORDER BY ORDINAL_POSITION SEPARATOR '|') FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'people'), '|', (SELECT TABLE_COMMENT FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'people'))"
        }
        _ => return,
    };
    let of_the_table = "whoever is 'known' \\ here";
    project.run(database, &["up", "2"]).ok();
    assert_eq!(database.query(columns), format!("-|as it's said|-|a year|{of_the_table}"));
    project.run(database, &["up"]).ok();
    assert_eq!(database.query(columns), format!("-|the whole of it|in years|a year|{of_the_table}"));
    project.run(database, &["up"]).ok();
    assert_eq!(database.query(columns), format!("-|-|in years|a year|{of_the_table}"));
    project.run(database, &["up", "2"]).ok();
    project.run(database, &["down", "2"]).ok();
    assert_eq!(database.query(columns), format!("-|-|in years|a year|{of_the_table}"));
}
