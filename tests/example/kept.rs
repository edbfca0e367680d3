//! Rows that are changed and deleted, kept until that is undone.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const MADE: &str = r#"
[[up]]
create_table = "people"
primary_key = ["id", "part"]
[up.columns]
id   = "integer"
part = "string(10)"
name = { type = "string(40)", null = true }
age  = "integer"
twice = { type = "integer", generated = "age * 2" }

[[up]]
create_table = "logs"
columns = { line = "text", made = { type = "integer", default = 7 } }
"#;

const ROWS: &str = r#"
[[up]]
insert = "people"
key = ["id"]
rows = [{ id = 1, part = "a", name = "Ada", age = 36 }, { id = 2, part = "a", name = { expr = "NULL" }, age = 7 }, { id = 3, part = "b", name = "Eve", age = 50 }]

[[up]]
insert = "logs"
rows = [{ line = "one" }, { line = "two", made = 8 }]
"#;

const CHANGED: &str = r#"
[[up]]
update = "people"
set = { name = { expr = "'older'" }, age = { expr = "age + 1" } }
where = "age > 10"
keep = true

[[up]]
update = "people"
set = { name = "all" }
keep = true

[[up]]
delete = "logs"
where = "made = 8"
keep = true

[[up]]
delete = "people"
where = "id = 1"
keep = true
"#;

pub fn rows_are_kept_until_they_come_back(database: &dyn Database) {
    let backend = database.backend();
    let schema = format!("[project]\nname = \"kept\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    let after = "[[up]]\nadd_column = \"people.note\"\ntype = \"text\"\nnull = true\n";
    let nodes = [("1_made", MADE), ("2_rows", ROWS), ("3_changed", CHANGED), ("4_after", after)];
    let project = Project::of(&schema, &nodes);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["exec", "2"]).ok();
    let rows = |database: &dyn Database| {
        let people = "SELECT id, part, name, age, twice FROM people ORDER BY id";
        (database.query(people), database.query("SELECT line, made FROM logs ORDER BY made"))
    };
    let before = rows(database);
    project.run(database, &["latest"]).ok();
    assert_eq!(database.query("SELECT COUNT(*) FROM people WHERE name = 'all'"), "2");
    assert_eq!(database.query("SELECT age FROM people WHERE id = 3"), "51");
    assert_eq!(database.query("SELECT COUNT(*) FROM logs"), "1");
    // What came since stays as it is.
    database.execute("INSERT INTO people (id, part, name, age) VALUES (9, 'z', 'New', 1)");
    project.run(database, &["exec", "2"]).ok();
    assert_eq!(database.query("SELECT name FROM people WHERE id = 9"), "New");
    database.execute("DELETE FROM people WHERE id = 9");
    assert_eq!(rows(database), before);
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// What cannot be kept whole is said.
#[test]
fn what_cannot_be_kept_is_said() {
    let schema = "[project]\nname = \"kept\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\norder = \"linear\"\n";
    let said = |up: &str| {
        let project = Project::of(schema, &[("1_made", MADE), ("2_more", up)]);
        let said = project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]);
        format!("{}{}", said.stdout, said.stderr)
    };
    let keyless = "[[up]]\nupdate = \"logs\"\nset = { made = 1 }\nkeep = true\n";
    assert!(said(keyless).contains("`logs` has no primary key by which kept rows are found again"));
    let of_key = "[[up]]\nupdate = \"people\"\nset = { part = \"x\" }\nkeep = true\n";
    assert!(said(of_key).contains("`part` is in the primary key"));
    let both = "[[up]]\ndelete = \"logs\"\nwhere = \"made = 1\"\nkeep = true\ndown = \"\"\n";
    assert!(said(both).contains("there is no `down` beside it"));
    let follows = "[[up]]\ncreate_table = \"cards\"\ncolumns = { id = \"integer\", part = \"string(10)\" }\n\
                   foreign_keys = { cards_fk = { columns = [\"id\", \"part\"], references = [\"people.id\", \"people.part\"], on_delete = \"cascade\" } }\n\n\
                   [[up]]\ndelete = \"people\"\nwhere = \"id = 1\"\nkeep = true\n";
    assert!(said(follows).contains("key `cards_fk` changes or deletes rows of `cards` with these"));
}

/// The tables beside are found again, in whatever order changes are undone.
pub fn kept_rows_come_back_in_any_order(database: &dyn Database) {
    let schema = format!("[project]\nname = \"kept\"\nbackends = [\"{}\"]\n", database.backend());
    let made = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"integer\", n = \"integer\", m = \"integer\" }\n\n\
                [[up]]\ninsert = \"t\"\nkey = [\"id\"]\nrows = [{ id = 1, n = 1, m = 1 }]\n";
    let update = |column: &str| {
        format!(
            "requires = [\"made\"]\n\n[[up]]\nupdate = \"t\"\nset = {{ {column} = 2 }}\nwhere = \"id = 1\"\nkeep = true\n"
        )
    };
    let (first, second) = (update("n"), update("m"));
    let project = Project::of(&schema, &[("1_made", made), ("2_first", &first), ("3_second", &second)]);
    project.run(database, &["latest"]).ok();
    let values = "SELECT n + 10 * m FROM t";
    assert_eq!(database.query(values), "22");
    project.run(database, &["down", "first"]).ok();
    assert_eq!(database.query(values), "21");
    project.run(database, &["down", "second"]).ok();
    assert_eq!(database.query(values), "11");
    project.run(database, &["latest"]).ok();
    project.run(database, &["down", "first"]).ok();
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// A change that the database refuses after its rows were kept is backed out, also where nothing rolls back by itself.
pub fn what_fails_after_rows_were_kept_is_taken_back(database: &dyn Database) {
    let schema = format!("[project]\nname = \"kept\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let made = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"integer\", n = { type = \"integer\", check = \"n < 5\" } }\n\n\
                [[up]]\ninsert = \"t\"\nkey = [\"id\"]\nrows = [{ id = 1, n = 1 }]\n";
    let refused = "[[up]]\nupdate = \"t\"\nset = { n = 7 }\nwhere = \"id = 1\"\nkeep = true\n";
    let project = Project::of(&schema, &[("1_made", made), ("2_refused", refused)]);
    let said = project.run(database, &["latest"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    if database.backend() == "mysql" {
        project.run(database, &["down"]).ok();
    } else {
        project.run(database, &["up"]).ok();
    }
    let before = database.schema();
    assert!(!before.contains("dbmigrate_kept"), "{before}");
    assert_eq!(database.query("SELECT n FROM t"), "1");
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}
