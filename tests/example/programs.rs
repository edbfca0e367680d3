//! Functions and triggers made, replaced and dropped, up and down with rows that they changed.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const TABLE: &str = "[[up]]\ncreate_table = \"notes\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\nbody = \"string(80)\"\nturns = { type = \"integer\", default = 0 }\n\n\
                     [[up]]\ninsert = \"notes\"\nkey = [\"id\"]\nrows = [{ id = 1, body = \"one\" }]\n\n\
                     [[up]]\ncreate_table = \"marks\"\n[up.columns]\nmark = \"integer\"\n\n\
                     [[up]]\ninsert = \"marks\"\nrows = [{ mark = 1 }]\n";

/// A function for each backend that has them; overloads and a procedure on the way.
const FUNCTIONS: &str = r#"
[[up]]
create_function = "turned(integer)"
backends = ["postgres", "mysql"]

[up.definition]
postgres = """
CREATE FUNCTION turned(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN n + 1; -- a semicolon; and a quote'
END $$;
"""
mysql = "CREATE FUNCTION turned(n INT) RETURNS INT DETERMINISTIC RETURN n + 1"

[[up]]
create_function = "turned(text)"
backends = ["postgres"]
definition = "CREATE FUNCTION turned(text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN length($1); END $$"

[[up]]
create_function = "forget(integer)"
backends = ["postgres", "mysql"]
writes = ["notes"]
definition = { postgres = "CREATE PROCEDURE forget(integer) LANGUAGE sql AS 'DELETE FROM notes WHERE id = $1'", mysql = "CREATE PROCEDURE forget(IN gone INT) DELETE FROM notes WHERE id = gone" }

[[up]]
create_function = "count_turn()"
backends = ["postgres"]
definition = """
CREATE FUNCTION count_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.turns := turned(OLD.turns);
  RETURN NEW;
END $$"""
"#;

const TRIGGER: &str = r#"
[[up]]
create_trigger = "notes_turn"
on = "notes"

[up.definition]
sqlite = """
CREATE TRIGGER notes_turn AFTER UPDATE OF body ON notes BEGIN
  UPDATE notes SET turns = OLD.turns + 1 WHERE id = NEW.id;
END"""
postgres = "CREATE TRIGGER notes_turn BEFORE UPDATE OF body ON notes FOR EACH ROW EXECUTE FUNCTION count_turn();"
mysql = "CREATE TRIGGER notes_turn BEFORE UPDATE ON notes FOR EACH ROW SET NEW.turns = turned(OLD.turns)"

[[up]]
create_trigger = "marks_kept"
on = "marks"

[up.definition]
sqlite = "CREATE TRIGGER marks_kept BEFORE UPDATE ON marks BEGIN SELECT RAISE(ABORT, 'kept'); END;"
postgres = "CREATE TRIGGER marks_kept BEFORE UPDATE ON marks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
mysql = "CREATE TRIGGER marks_kept BEFORE UPDATE ON marks FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'"

[[up]]
update = "notes"
set = { body = "two" }
where = "id = 1"
down = "UPDATE notes SET body = 'one' WHERE id = 1"
"#;

/// In place, and with another type, which is a drop and a creation.
const REPLACED: &str = r#"
[[up]]
replace_function = "turned(integer)"
backends = ["postgres", "mysql"]
definition = { postgres = "CREATE FUNCTION turned(n integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN n + 10; END'", mysql = "CREATE FUNCTION turned(n INT) RETURNS INT DETERMINISTIC RETURN n + 10" }

[[up]]
replace_function = "turned(text)"
backends = ["postgres"]
definition = "CREATE FUNCTION turned(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN $1 || '!'; END $$"

[[up]]
rename_table = "marks"
to = "the signs"
"#;

const DROPPED: &str = r#"
[[up]]
drop_trigger = "marks_kept"
on = "the signs"

[[up]]
drop_trigger = "notes_turn"
on = "notes"

[[up]]
drop_function = "turned(integer)"
backends = ["postgres", "mysql"]

[[up]]
drop_function = "forget(integer)"
backends = ["postgres", "mysql"]
"#;

pub fn project(database: &dyn Database) -> Project {
    let backend = database.backend();
    let schema = format!("[project]\nname = \"programs\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    let nodes = [
        ("1_table", TABLE),
        ("2_functions", FUNCTIONS),
        ("3_trigger", TRIGGER),
        ("4_replaced", REPLACED),
        ("5_dropped", DROPPED),
    ];
    Project::of(&schema, &nodes)
}

pub fn functions_and_triggers_come_and_go(database: &dyn Database) {
    let (backend, project) = (database.backend(), project(database));
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["up", "3"]).ok();
    assert_eq!(database.query("SELECT turns FROM notes"), "1");
    if backend != "sqlite" {
        project.run(database, &["up"]).ok();
        database.execute("UPDATE notes SET body = 'three'");
        assert_eq!(database.query("SELECT turns FROM notes"), "11");
        project.run(database, &["down"]).ok();
        assert_eq!(database.query("SELECT turned(1)"), "2");
    }
    project.run(database, &["latest"]).ok();
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}
